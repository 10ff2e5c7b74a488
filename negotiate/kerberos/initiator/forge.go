package initiator

import (
	"crypto/rand"
	"time"

	"github.com/jcmturner/gokrb5/v8/iana/keyusage"
	"github.com/jcmturner/gokrb5/v8/types"
)

// Forge makes up a ticket of the client for the service, as a KDC does, who knows
// the service's key too. It is valid from now on, for that long.
func Forge(k ServiceKey, client Principal, now time.Time, life time.Duration) (Credential, error) {
	session := types.EncryptionKey{KeyType: k.Key.KeyType, KeyValue: make([]byte, len(k.Key.KeyValue))}
	_, _ = rand.Read(session.KeyValue) // never fails
	part := EncTicketPart{
		Session: session,
		CRealm:  client.Realm, CName: client.Name,
		AuthTime: now, StartTime: now, EndTime: now.Add(life),
	}
	enc, err := encrypt(part.Marshal(), k.Key, keyusage.KDC_REP_TICKET, int(k.Kvno))
	return Credential{
		Ticket:  Ticket{Version: version, SRealm: k.Principal.Realm, SName: k.Principal.Name, Enc: enc},
		Session: session,
		Client:  client,
		EndTime: part.EndTime,
	}, err
}
