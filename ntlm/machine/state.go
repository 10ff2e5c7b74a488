package machine

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"squidauth/negotiate/kerberos/initiator"
)

// state is what the files hold.
type state struct {
	disk  disk
	files Files

	secretText, keytabText []byte // nil: there is no file
	secret                 secret
	keys                   []initiator.ServiceKey
}

// load reads the files, of which there may be none.
func load(d disk, f Files) (*state, error) {
	s := &state{disk: d, files: f}
	var err error
	if s.secretText, err = d.read(f.Secret); err != nil {
		return nil, fmt.Errorf("the secret file cannot be read: %w", err)
	}
	if len(s.secretText) > 0 {
		if s.secret, err = parseSecret(s.secretText); err != nil {
			return nil, fmt.Errorf("the secret file %s %w", f.Secret, err)
		}
	}
	if f.Keytab == "" {
		return s, nil
	}
	if s.keytabText, err = d.read(f.Keytab); err == nil {
		s.keys, err = readKeys(s.keytabText)
	}
	if err != nil {
		return nil, fmt.Errorf("the keytab %s cannot be used: %w", f.Keytab, err)
	}
	return s, nil
}

// writeSecret writes the file, unless it is like that.
func (s *state) writeSecret(to secret) error {
	text := to.marshal()
	if bytes.Equal(text, s.secretText) {
		return nil
	}
	if err := s.disk.write(s.files.Secret, text); err != nil {
		return fmt.Errorf("the secret file cannot be written: %w", err)
	}
	s.secretText, s.secret = text, to
	return nil
}

// writeKeys writes the keytab, if there is to be one, unless it has these keys and no
// others.
func (s *state) writeKeys(keys []initiator.ServiceKey, now time.Time) error {
	if s.files.Keytab == "" || hasKeys(s.keys, keys) && hasKeys(keys, s.keys) {
		return nil
	}
	text := marshalKeytab(keys, now)
	if err := s.disk.write(s.files.Keytab, text); err != nil {
		return fmt.Errorf("the keytab cannot be written: %w", err)
	}
	s.keytabText, s.keys = text, keys
	return nil
}

// A change is that of an account's password. When current is empty there is none, or
// it is not known.
type change struct {
	account       Account
	current, next string
	kvno          uint32 // of the current password; 0: not known
	principals    []initiator.Principal
	now           time.Time
}

var errUnknown = errors.New("whether that was done is not known, and the secret file has every password that the account may have now: run rotate, which finds out")

// prepare writes the keys and the password that are to come beside those that are.
// The keys come first: without the password they do no harm.
func (s *state) prepare(c change) error {
	keys, err := s.keysBefore(c)
	if err == nil {
		err = s.writeKeys(keys, c.now)
	}
	if err != nil {
		return err
	}
	first := c.current
	if first == "" {
		first = s.secret.first // it may be right
	}
	if first == "" {
		return s.writeSecret(secret{first: c.next})
	}
	return s.writeSecret(secret{first: first, second: c.next, pending: true})
}

// keysBefore are those of the current password, and of the next if its kvno can be
// foretold.
func (s *state) keysBefore(c change) ([]initiator.ServiceKey, error) {
	if s.files.Keytab == "" || c.kvno == 0 {
		return s.keys, nil
	}
	keys := s.keys
	if c.current != "" {
		now, err := keysOf(c.account, c.current, c.kvno, c.principals)
		if err != nil {
			return nil, err
		}
		keys = mergeKeys(keys, now)
	}
	next, err := keysOf(c.account, c.next, c.kvno+1, c.principals)
	return mergeKeys(keys, next), err
}

// make makes a change between two writes of the files. ask asks the domain
// controller; did reports whether the account has the new password for certain. When
// the controller says no, the files are as before.
func (s *state) make(c change, ask func() error, did func() bool) error {
	before := *s
	err := s.prepare(c)
	if err != nil {
		return errors.Join(err, s.restore(before))
	}
	switch err = ask(); {
	case err == nil:
		return nil
	case isAnswer(err):
		return errors.Join(err, s.restore(before))
	case did():
		return nil
	}
	return fmt.Errorf("%w: %w", errUnknown, err)
}

// restore writes the files as they were.
func (s *state) restore(before state) error {
	err := errors.Join(
		s.put(s.files.Secret, s.secretText, before.secretText),
		s.put(s.files.Keytab, s.keytabText, before.keytabText))
	if err != nil {
		return fmt.Errorf("and the files could not be restored, which hold more than is needed, and nothing wrong: %w", err)
	}
	*s = before
	return nil
}

func (s *state) put(path string, now, before []byte) error {
	switch {
	case bytes.Equal(now, before) && (now == nil) == (before == nil):
		return nil
	case before == nil:
		return s.disk.remove(path)
	}
	return s.disk.write(path, before)
}

// complete writes the files for the account's password, and keeps the one before.
func (s *state) complete(c change, kvno uint32) error {
	former := s.secret.first
	if former == c.next {
		former = s.secret.second
	}
	if err := s.writeSecret(secret{first: c.next, second: former}); err != nil {
		return err
	}
	keys, err := keysOf(c.account, c.next, kvno, c.principals)
	if err != nil {
		return err
	}
	return s.writeKeys(mergeKeys(s.keys, keys), c.now)
}

// recover writes the files for the password that the account has now, if they do not
// say so.
func (s *state) recover(c change) error {
	switch {
	case s.secret.first == c.next: // with a newer one behind it, perhaps: that stays
	case s.secret.second == c.next:
		if err := s.writeSecret(secret{first: c.next, second: s.secret.first}); err != nil {
			return err
		}
	}
	keys, err := keysOf(c.account, c.next, c.kvno, c.principals)
	if err != nil || hasKeys(s.keys, keys) {
		return err
	}
	return s.writeKeys(mergeKeys(s.keys, keys), c.now)
}

// principals returns those that an account has keys for: as the directory has it, and
// those in the keytab that have the same keys.
func (s *state) principals(a Account, m *computer, password string) ([]initiator.Principal, error) {
	if password == "" {
		return principals(a, m.spns), nil
	}
	keys, err := keysOf(a, password, m.kvno, principals(a, nil))
	return principals(a, m.spns, sharing(s.keys, keys)...), err
}
