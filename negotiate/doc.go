// Package negotiate answers requests of the Negotiate scheme: Kerberos tickets,
// bare or inside SPNEGO (RFC 4559, RFC 4178).
package negotiate
