package krbtest

import (
	"errors"
	"fmt"

	"github.com/jcmturner/gokrb5/v8/crypto"
	"github.com/jcmturner/gokrb5/v8/gssapi"
	"github.com/jcmturner/gokrb5/v8/iana/keyusage"
	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/types"
)

// VerifyAPRep does with an AP-REP what the client of the login does: it must
// decrypt with the session key and repeat the authenticator's time. It returns
// the service's sequence number.
func (l Login) VerifyAPRep(apRep []byte) (seq int64, err error) {
	var rep messages.APRep
	if err := rep.Unmarshal(apRep); err != nil {
		return 0, err
	}
	if rep.PVNO != 5 || rep.EncPart.EType != l.Ticket.Session.KeyType {
		return 0, fmt.Errorf("AP-REP: version %d, encryption type %d", rep.PVNO, rep.EncPart.EType)
	}
	plain, err := crypto.DecryptEncPart(rep.EncPart, l.Ticket.Session, keyusage.AP_REP_ENCPART)
	if err != nil {
		return 0, err
	}
	var part messages.EncAPRepPart
	if err := part.Unmarshal(plain); err != nil {
		return 0, err
	}
	if !part.CTime.Equal(l.Auth.CTime) || part.Cusec != l.Auth.Cusec {
		return 0, fmt.Errorf("AP-REP: time %v and %d µs, sent were %v and %d", part.CTime, part.Cusec, l.Auth.CTime, l.Auth.Cusec)
	}
	return part.SequenceNumber, nil
}

// signKey is the client's subkey if it sent one.
func (l Login) signKey() types.EncryptionKey {
	if l.Auth.SubKey.KeyType != 0 {
		return l.Auth.SubKey
	}
	return l.Ticket.Session
}

// MIC returns the client's MIC token for the message (RFC 4121 section 4.2.6.1).
func (l Login) MIC(message []byte) []byte {
	m := gssapi.MICToken{SndSeqNum: uint64(l.Auth.SeqNumber), Payload: message}
	check(m.SetChecksum(l.signKey(), keyusage.GSSAPI_INITIATOR_SIGN))
	b, err := m.Marshal()
	check(err)
	return b
}

// VerifyMIC verifies a MIC token of the service's, which must have the number.
func (l Login) VerifyMIC(message, token []byte, seq int64) error {
	var m gssapi.MICToken
	if err := m.Unmarshal(token, true); err != nil {
		return err
	}
	if m.Flags != gssapi.MICTokenFlagSentByAcceptor || m.SndSeqNum != uint64(seq) {
		return fmt.Errorf("MIC: flags %x, number %d, not %d", m.Flags, m.SndSeqNum, seq)
	}
	m.Payload = message
	if ok, err := m.Verify(l.signKey(), keyusage.GSSAPI_ACCEPTOR_SIGN); !ok {
		return errors.Join(errors.New("MIC: wrong checksum"), err)
	}
	return nil
}
