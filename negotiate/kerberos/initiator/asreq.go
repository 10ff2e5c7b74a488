package initiator

import (
	"slices"
	"time"

	"github.com/jcmturner/gokrb5/v8/types"

	"squidauth/negotiate/kerberos/internal/enctype"
)

// Login asks the KDC of the key's realm for a ticket-granting ticket of the key's
// principal, which shows by the time that it has the key (RFC 4120 section 3.1.1).
func (k ServiceKey) Login(now time.Time) (ASRequest, error) {
	others := slices.DeleteFunc(enctype.All(), func(id int32) bool { return id == k.Key.KeyType })
	wanted := append([]int32{k.Key.KeyType}, others...) // the first is also that of the answer
	return NewASRequest(k.Principal, wanted, now).Proving(k.Key, nil, now)
}

// LoginCredential reads the KDC's answer to a request that Login made with the key.
// The error is a *KDCError if the KDC said no.
func (r ASRequest) LoginCredential(answer []byte, k ServiceKey) (Credential, error) {
	return r.Credential(answer, KeyInfo{}, func(KeyInfo) (types.EncryptionKey, error) { return k.Key, nil })
}
