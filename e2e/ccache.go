//go:build unix

package e2e

import (
	"bytes"
	"encoding/binary"
	"os"
	"testing"
	"time"

	"github.com/jcmturner/gokrb5/v8/credentials"
)

// Prolong has clients believe that their tickets end later than they do: the
// libraries send none that they know has ended.
func (c *Tickets) Prolong(t testing.TB, by time.Duration) {
	t.Helper()
	cache, err := credentials.LoadCCache(c.file)
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(c.file)
	if err != nil {
		t.Fatal(err)
	}
	for _, ticket := range cache.GetEntries() {
		content = bytes.Replace(content, times(ticket, 0), times(ticket, by), 1)
	}
	if err := os.WriteFile(c.file, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// times returns the times of a ticket as they stand in the file, with another
// end.
func times(ticket *credentials.Credential, longer time.Duration) []byte {
	var b []byte
	for _, at := range []time.Time{ticket.AuthTime, ticket.StartTime, ticket.EndTime.Add(longer)} {
		b = binary.BigEndian.AppendUint32(b, uint32(at.Unix()))
	}
	return b
}
