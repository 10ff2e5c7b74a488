package gss

import (
	"encoding/binary"
	"errors"
	"time"

	"squidauth/negotiate/kerberos/initiator"
)

// Security layers of the SASL mechanism GSSAPI (RFC 4752 section 3.3).
const (
	layerNone   = 1
	layerSealed = 4
)

var errLayer = errors.New("it does not offer the protection that is needed")

// Mechanism is the name of the SASL mechanism.
const Mechanism = "GSSAPI"

// SASL is a login by the SASL mechanism GSSAPI: with a ticket, and either with the
// bindings of a TLS channel or with a layer that seals. It is good for one login. Next
// goes through it a step at a time; the other methods are the same as go-ldap wants it.
type SASL struct {
	Ticket   initiator.Credential
	Now      time.Time
	Bindings Bindings
	Sealed   bool // then Conn.Protect is called after the login

	context  *Context
	finished bool // the context
	max      int  // bytes of a sealed message that the server takes
}

// Next returns what the client says to what the server said, of which there is nothing
// at first. After the last, the server has only to say that the client is logged in.
func (s *SASL) Next(challenge []byte) (response []byte, last bool, err error) {
	if s.finished {
		response, err = s.NegotiateSaslAuth(challenge, "")
		return response, true, err
	}
	response, more, err := s.InitSecContext("", challenge)
	s.finished = err == nil && !more
	return response, false, err
}

// InitSecContext implements ldap.GSSAPIClient.
func (s *SASL) InitSecContext(target string, token []byte) ([]byte, bool, error) {
	return s.InitSecContextWithOptions(target, token, nil)
}

// InitSecContextWithOptions implements ldap.GSSAPIClient.
func (s *SASL) InitSecContextWithOptions(_ string, token []byte, _ []int) ([]byte, bool, error) {
	if s.context != nil {
		return nil, false, s.context.Finish(token)
	}
	var want Flags
	if s.Sealed {
		want = Sealed
	}
	var err error
	s.context, token, err = Begin(s.Ticket, s.Now, want, s.Bindings)
	return token, true, err
}

// NegotiateSaslAuth implements ldap.GSSAPIClient: it chooses a layer (RFC 4752
// section 3.1).
func (s *SASL) NegotiateSaslAuth(token []byte, _ string) ([]byte, error) {
	offer, _, err := s.context.Unwrap(token)
	if err != nil {
		return nil, err
	}
	choice, receive := byte(layerNone), uint32(0)
	if s.Sealed {
		choice, receive = layerSealed, maxReceive
	}
	if len(offer) != 4 || offer[0]&choice == 0 {
		return nil, errLayer
	}
	s.max = int(binary.BigEndian.Uint32(offer) & 0xffffff)
	if s.Sealed && s.max <= sealing {
		return nil, errLayer
	}
	return s.context.Wrap(binary.BigEndian.AppendUint32(nil, uint32(choice)<<24|receive), false)
}

// DeleteSecContext implements ldap.GSSAPIClient.
func (s *SASL) DeleteSecContext() error { return nil }
