package protocol

// Scheme is the authentication scheme a reply is meant for. Squid reads the same
// words differently in each.
type Scheme byte

// The schemes of auth_param. The zero Scheme is none of them.
const (
	Basic Scheme = iota + 1
	NTLM
	Negotiate
)

// String returns the scheme as squid.conf spells it.
func (s Scheme) String() string {
	switch s {
	case Basic:
		return "basic"
	case NTLM:
		return "ntlm"
	case Negotiate:
		return "negotiate"
	}
	return "none"
}

// Dialect is the way replies are spelled.
type Dialect byte

const (
	// Modern is OK, ERR, BH and TT with key=value pairs, for Squid 3.4 and
	// later. It is the default.
	Modern Dialect = iota
	// Legacy is AF, NA, BH and TT, for Squid 2.6 and later and for Squid's own
	// negotiate_wrapper_auth. It has no annotations.
	Legacy
)

// Outcome is what a reply says. The zero Outcome is Unavailable: never a yes.
type Outcome byte

// The four outcomes of a request.
const (
	Unavailable Outcome = iota // BH: the helper could not tell
	Denied                     // ERR: refused
	Accepted                   // OK: authenticated
	Continue                   // TT: the handshake goes on
)

// String returns the outcome as the modern dialect spells it.
func (o Outcome) String() string {
	switch o {
	case Denied:
		return "ERR"
	case Accepted:
		return "OK"
	case Continue:
		return "TT"
	}
	return "BH"
}

// Identity says who was authenticated. The zero Identity is nobody.
type Identity struct {
	User string // the name Squid is to use, in the form it is to have there
}

// Pair is an annotation of a successful reply, such as group=staff. Squid knows
// the keys group, tag and clt_conn_tag; keys of the site's own end in "_".
type Pair struct {
	Key   string // letters, digits, "-" and "_"
	Value string // any bytes but NUL
}

// Detail is what the operator's log is told besides what Squid is told. Nothing
// of it reaches Squid, and nothing of it may be a secret.
type Detail struct {
	User    string // who tried, as claimed; in an Accept the Identity stands
	Client  string // what the client is or says of itself, such as "ntlmv2 from PC-7"
	Version string // of the client's protocol, such as "ntlmv2"; empty: not known
	Backend string // what decided
	Reason  string // short code of our own list, such as "wrong-password"
	Extras  string // key_extras words as received: a client may have made them up
	Cause   error  // why the helper could not tell
}

// Reply is the answer to one request. Only the constructors make one; the zero
// Reply is Unavailable. A Reply is immutable and safe for concurrent use.
type Reply struct {
	outcome Outcome
	user    string
	token   []byte
	pairs   []Pair
	text    string
	detail  Detail
}

// Accept says yes: id is authenticated. In NTLM and Negotiate id must name a
// user; Negotiate also returns the token, which may be empty, to the client.
func Accept(id Identity, token []byte, pairs ...Pair) Reply {
	return Reply{outcome: Accepted, user: id.User, token: token, pairs: pairs}
}

// Challenge sends the token to the client and expects another leg.
func Challenge(token []byte) Reply { return Reply{outcome: Continue, token: token} }

// Deny says no. The text is for the client: it never tells whether a user exists.
func Deny(text string) Reply { return Reply{outcome: Denied, text: text} }

// Broken says that the helper could not tell. The text is for the client.
func Broken(text string) Reply { return Reply{outcome: Unavailable, text: text} }

// With returns the reply with d for the operator's log.
func (r Reply) With(d Detail) Reply {
	r.detail = d
	return r
}

// Outcome returns what the reply says.
func (r Reply) Outcome() Outcome { return r.outcome }

// Detail returns what the operator's log is told. In an accepted reply its User
// is the authenticated one.
func (r Reply) Detail() Detail {
	d := r.detail
	if r.outcome == Accepted && r.user != "" {
		d.User = r.user
	}
	return d
}
