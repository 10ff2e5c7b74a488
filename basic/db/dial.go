//go:build !nodb

package db

import (
	"context"
	"net"
	"time"
)

// dialer notices within half a minute that the way to a server is gone while nobody
// asks anything, and keeps firewalls from forgetting the connection.
var dialer = net.Dialer{KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 15 * time.Second, Interval: 5 * time.Second, Count: 3}}

func dial(ctx context.Context, network, address string) (net.Conn, error) {
	return dialer.DialContext(ctx, network, address)
}

// tlsMode is what TLSDefault stands for where the DSN says nothing.
func (o Options) tlsMode() TLSMode {
	if o.TLS == TLSDefault && o.CA != "" {
		return TLSVerify
	}
	return o.TLS
}
