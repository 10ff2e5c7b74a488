package ntlm_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"

	"squidauth/helper/identity"
	"squidauth/ntlm"
	"squidauth/ntlm/ntlmssp"
	"squidauth/ntlm/ntlmssp/ntlmtest"
)

func TestLogin(t *testing.T) {
	for name, change := range map[string]func(*ntlmtest.Client){
		"as Windows": func(*ntlmtest.Client) {},
		"key exchange": func(c *ntlmtest.Client) {
			c.Flags = ntlmtest.DefaultFlags | ntlmssp.NegotiateKeyExch | ntlmssp.NegotiateSign
		},
		"OEM":                 func(c *ntlmtest.Client) { c.Flags = ntlmtest.DefaultFlags &^ ntlmssp.NegotiateUnicode },
		"no charset":          func(c *ntlmtest.Client) { c.Flags = ntlmssp.NegotiateNTLM },
		"user in other case":  func(c *ntlmtest.Client) { c.User = "ALice" },
		"domain in lower":     func(c *ntlmtest.Client) { c.Domain = "example" },
		"another domain":      func(c *ntlmtest.Client) { c.Domain = "PC-7" },
		"no domain":           func(c *ntlmtest.Client) { c.Domain = "" },
		"no workstation":      func(c *ntlmtest.Client) { c.Workstation = "" },
		"umlauts":             func(c *ntlmtest.Client) { c.User, c.Password = "Müller", "x" },
		"another challenge":   func(c *ntlmtest.Client) { c.ClientChallenge = [8]byte{} },
		"flags of the future": func(c *ntlmtest.Client) { c.Flags = 0xffffffff },
	} {
		t.Run(name, func(t *testing.T) {
			c := alice()
			change(&c)
			step, err := login(t, newAcceptor(t), c)
			wantUser(t, step, err, strings.ToLower(c.User))
			if step.Client != nil && (step.Client.Attempt.User != c.User || step.Client.Attempt.Domain != c.Domain || step.Client.Attempt.Form != ntlmssp.NTLMv2) {
				t.Errorf("%+v", step.Client.Attempt)
			}
		})
	}
}

// TestDomainSpelling: some clients compute with a domain in upper case, or with
// none, and send another.
func TestDomainSpelling(t *testing.T) {
	for _, sent := range []string{"example", "EXAMPLE"} {
		for _, computed := range []string{"EXAMPLE", ""} {
			c := alice()
			c.Domain = computed
			c.Change = func(a *ntlmssp.Authenticate) { a.Domain = sent }
			step, err := login(t, newAcceptor(t), c)
			wantUser(t, step, err, "alice")
		}
	}
}

func TestWrongPassword(t *testing.T) {
	c := alice()
	c.Password = passwords["bob"]
	step, err := login(t, newAcceptor(t), c)
	wantRefused(t, step, err, ntlm.WrongPassword, false)
	c.User = "mallory"
	step, err = login(t, newAcceptor(t), c)
	wantRefused(t, step, err, ntlm.NoSuchUser, false)
	if e := new(ntlm.Error); !errors.As(err, &e) || e.Attempt != (ntlm.Attempt{Domain: "EXAMPLE", User: "mallory", Workstation: "PC-7", Form: ntlmssp.NTLMv2}) {
		t.Errorf("%+v", e)
	}
}

// TestForms: what is not NTLMv2 is refused before anybody is asked, unless it is
// permitted.
func TestForms(t *testing.T) {
	for _, c := range []struct {
		form     ntlmssp.Form
		v1, lmv2 bool
		accepted bool
	}{
		{ntlmssp.NTLMv1, false, true, false}, {ntlmssp.NTLM2Session, false, true, false}, {ntlmssp.LMOnly, true, false, false},
		{ntlmssp.NTLMv1, true, false, true}, {ntlmssp.NTLM2Session, true, false, true}, {ntlmssp.LMOnly, false, true, true},
	} {
		client := alice()
		client.Form = c.form
		a := newAcceptor(t)
		a.PermitNTLMv1, a.PermitLMv2 = c.v1, c.lmv2
		step, err := login(t, a, client)
		if !c.accepted {
			wantRefused(t, step, err, ntlm.OldVersion, false)
			continue
		}
		wantUser(t, step, err, "alice")
		if step.Client != nil && step.Client.Attempt.Form != c.form {
			t.Errorf("%v became %v", c.form, step.Client.Attempt.Form)
		}
		client.Password += "x"
		step, err = login(t, a, client)
		wantRefused(t, step, err, ntlm.WrongPassword, false)
	}
}

// TestNobody: anonymous clients and guests reach no verifier.
func TestNobody(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*ntlmssp.Authenticate)
		reason ntlm.Reason
	}{
		"anonymous": {func(a *ntlmssp.Authenticate) {
			*a = ntlmssp.Authenticate{Flags: a.Flags | ntlmssp.Anonymous, LMResponse: []byte{0}}
		}, ntlm.Anonymous},
		"no user":          {func(a *ntlmssp.Authenticate) { a.User = "" }, ntlm.Anonymous},
		"no response":      {func(a *ntlmssp.Authenticate) { a.LMResponse, a.NTResponse = nil, nil }, ntlm.Anonymous},
		"guest":            {func(a *ntlmssp.Authenticate) { a.User = "Guest" }, ntlm.Guest},
		"a line feed":      {func(a *ntlmssp.Authenticate) { a.User = "bob\nalice" }, ntlm.IllegalName},
		"a NUL":            {func(a *ntlmssp.Authenticate) { a.Domain = "EX\x00AMPLE" }, ntlm.IllegalName},
		"an endless name":  {func(a *ntlmssp.Authenticate) { a.User = strings.Repeat("x", 1025) }, ntlm.IllegalName},
		"half a response":  {func(a *ntlmssp.Authenticate) { a.NTResponse = a.NTResponse[:30] }, ntlm.Malformed},
		"no list of pairs": {func(a *ntlmssp.Authenticate) { a.NTResponse = a.NTResponse[:44] }, ntlm.Malformed},
		"half an old one":  {func(a *ntlmssp.Authenticate) { a.NTResponse = a.NTResponse[:23] }, ntlm.Malformed},
		"half an LMv2":     {func(a *ntlmssp.Authenticate) { a.NTResponse, a.LMResponse = nil, make([]byte, 23) }, ntlm.Malformed},
		"no room for MIC":  {func(a *ntlmssp.Authenticate) { a.MIC = nil }, ntlm.BadMIC},
	} {
		t.Run(name, func(t *testing.T) {
			v := &verdict{Verdict: ntlm.Yes(&ntlm.Account{Account: identity.Account{Name: "alice"}})}
			a := newAcceptor(t)
			a.Verifier, a.PermitLMv2, a.PermitNTLMv1 = v, true, true
			client := alice()
			client.Change = c.change
			step, err := login(t, a, client)
			wantRefused(t, step, err, c.reason, false)
			if v.asked > 0 {
				t.Error("the verifier was asked")
			}
		})
	}
}

// TestVerdicts: yes, no and could not tell are three answers, and of yes to nobody,
// or of no verdict at all, nothing good comes.
func TestVerdicts(t *testing.T) {
	cause := errors.New("the cause")
	for name, c := range map[string]struct {
		verdict   ntlm.Verdict
		reason    ntlm.Reason
		undecided bool
	}{
		"no":            {ntlm.No(ntlm.AccountLocked, cause), ntlm.AccountLocked, false},
		"could not":     {ntlm.Undecided(ntlm.NoDomainController, cause), ntlm.NoDomainController, true},
		"zero":          {ntlm.Verdict{}, "", true},
		"yes to nobody": {ntlm.Yes(nil), ntlm.BadVerdict, true},
		"no key":        {ntlm.Yes(&ntlm.Account{Account: identity.Account{Name: "alice"}}), ntlm.BadMIC, true},
		"wrong key":     {ntlm.Yes(&ntlm.Account{Account: identity.Account{Name: "alice"}, SessionBaseKey: [16]byte{1}}), ntlm.BadMIC, false},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAcceptor(t)
			a.Verifier = &verdict{Verdict: c.verdict}
			step, err := login(t, a, alice())
			wantRefused(t, step, err, c.reason, c.undecided)
			if c.reason == ntlm.AccountLocked && !errors.Is(err, cause) {
				t.Errorf("the cause is lost: %v", err)
			}
		})
	}
}

// TestLogon: the verifier is asked about one response, and about the challenge that
// it answers.
func TestLogon(t *testing.T) {
	for _, form := range []ntlmssp.Form{ntlmssp.NTLMv2, ntlmssp.NTLMv1, ntlmssp.NTLM2Session, ntlmssp.LMOnly} {
		v := &verdict{}
		a := newAcceptor(t)
		a.Verifier, a.PermitLMv2, a.PermitNTLMv1 = v, true, true
		client := alice()
		client.Form = form
		var sent ntlmssp.Authenticate
		client.Change = func(a *ntlmssp.Authenticate) {
			if form == ntlmssp.NTLMv2 {
				a.LMResponse = bytes.Repeat([]byte{7}, 24)
			}
			sent = *a
		}
		if _, err := login(t, a, client); err == nil {
			t.Fatalf("%v: accepted", form)
		}
		want := &ntlm.Logon{Challenge: [8]byte{1, 2, 3, 4, 5, 6, 7, 8}, Domain: "EXAMPLE", User: "alice", Workstation: "PC-7", NTResponse: sent.NTResponse}
		switch form {
		case ntlmssp.LMOnly:
			want.LMResponse = sent.LMResponse
		case ntlmssp.NTLM2Session:
			want.Challenge = ntlmssp.NTLM2Challenge(want.Challenge, client.ClientChallenge)
		}
		if !reflect.DeepEqual(v.last, want) {
			t.Errorf("%v: %+v, want %+v", form, v.last, want)
		}
	}
}

// TestMIC: what an attacker changes on the way is noticed, and so is that the MIC
// was taken out.
func TestMIC(t *testing.T) {
	flags := ntlmtest.DefaultFlags | ntlmssp.NegotiateKeyExch
	for name, c := range map[string]struct {
		negotiate func([]byte) []byte // on its way to the server
		change    func([]byte)        // AUTHENTICATE, on its way
		reason    ntlm.Reason
	}{
		"flags of NEGOTIATE":    {func(b []byte) []byte { b[15] ^= 0x40; return b }, nil, ntlm.BadMIC},
		"NEGOTIATE cut":         {func(b []byte) []byte { return b[:32] }, nil, ntlm.BadMIC},
		"flags of AUTHENTICATE": {nil, func(b []byte) { b[60] ^= 0x10 }, ntlm.BadMIC},
		"no key exchange":       {nil, func(b []byte) { b[63] ^= 0x40 }, ntlm.BadMIC},
		"version":               {nil, func(b []byte) { b[64] ^= 1 }, ntlm.BadMIC},
		"the MIC":               {nil, func(b []byte) { b[80] ^= 1 }, ntlm.BadMIC},
		"no MIC":                {nil, func(b []byte) { clear(b[72:88]) }, ntlm.BadMIC},
		"workstation":           {nil, func(b []byte) { b[bytes.Index(b, []byte("P\x00C"))] = 'Q' }, ntlm.BadMIC},
		"flag of the MIC":       {nil, func(b []byte) { b[bytes.LastIndex(b, []byte{6, 0, 4, 0, 2})+4] = 0 }, ntlm.WrongPassword},
		"session key":           {nil, func(b []byte) { b[len(b)-1] ^= 1 }, ntlm.BadMIC},
		"half a session key":    {nil, func(b []byte) { b[52] = 8 }, ntlm.BadMIC},
	} {
		t.Run(name, func(t *testing.T) {
			client := alice()
			client.Flags = flags
			s, sent := ntlm.NewServer(newAcceptor(t)), client.Negotiate()
			arrived := bytes.Clone(sent)
			if c.negotiate != nil {
				arrived = c.negotiate(arrived)
			}
			token := answer(t, client, sent, begin(t, s, arrived))
			if c.change != nil {
				c.change(token)
			}
			step, err := s.Next(t.Context(), token)
			wantRefused(t, step, err, c.reason, false)
		})
	}
}

// TestFlagsInChallenge: who puts an MsvAvFlags of zero into the challenge, on its way
// to the client, does not get rid of the MIC so.
func TestFlagsInChallenge(t *testing.T) {
	client := alice()
	s, negotiate := ntlm.NewServer(newAcceptor(t)), client.Negotiate()
	c, err := ntlmssp.ParseChallenge(begin(t, s, negotiate))
	if err != nil {
		t.Fatal(err)
	}
	c.TargetInfo = append(ntlmssp.AVPairs{{ID: ntlmssp.AvFlags, Value: make([]byte, 4)}}, c.TargetInfo...)
	step, err := s.Next(t.Context(), answer(t, client, negotiate, c.Append(nil)))
	wantRefused(t, step, err, ntlm.BadMIC, false)
}

// TestOnce: a challenge is answered once, whatever the answer was.
func TestOnce(t *testing.T) {
	for _, first := range []string{"right", "wrong", "broken", "negotiate"} {
		client := alice()
		s, negotiate := ntlm.NewServer(newAcceptor(t)), client.Negotiate()
		challenge := begin(t, s, negotiate)
		right := answer(t, client, negotiate, challenge)
		client.Password = "x"
		token := map[string][]byte{"right": right, "wrong": answer(t, client, negotiate, challenge), "broken": right[:20], "negotiate": negotiate}[first]
		step, err := s.Next(t.Context(), token)
		if (step.Client != nil) != (first == "right") || (err == nil) != (first == "right") {
			t.Errorf("%s: %+v, %v", first, step, err)
		}
		step, err = s.Next(t.Context(), right)
		wantRefused(t, step, err, ntlm.OutOfOrder, false)
	}
}

// TestFirstToken: what is no NEGOTIATE message begins nothing.
func TestFirstToken(t *testing.T) {
	client := alice()
	s := ntlm.NewServer(newAcceptor(t))
	negotiate := client.Negotiate()
	right := answer(t, client, negotiate, begin(t, s, negotiate))
	for _, token := range [][]byte{[]byte("token"), []byte("NTLMSSP\x00"), right, negotiate[:15]} {
		s := ntlm.NewServer(newAcceptor(t))
		step, err := s.Next(t.Context(), token)
		wantRefused(t, step, err, ntlm.Malformed, false)
		step, err = s.Next(t.Context(), negotiate)
		wantRefused(t, step, err, ntlm.OutOfOrder, false)
	}
}

// TestNoFirstMessage: Squid may pass on none. Clients are then not told the time, so
// that they make no MIC of messages that nobody has seen.
func TestNoFirstMessage(t *testing.T) {
	client := alice()
	s := ntlm.NewServer(newAcceptor(t))
	challenge := begin(t, s, nil)
	if c, err := ntlmssp.ParseChallenge(challenge); err != nil || len(c.TargetInfo) != 4 {
		t.Errorf("%+v, %v", c, err)
	}
	step, err := s.Next(t.Context(), answer(t, client, nil, challenge))
	wantUser(t, step, err, "alice")
}

// TestChallenge: what the client asks for is answered, not echoed.
func TestChallenge(t *testing.T) {
	const always = ntlmssp.NegotiateNTLM | ntlmssp.NegotiateTargetInfo
	for _, c := range []struct {
		target      ntlm.Target
		asked, want ntlmssp.Flags
		name        string
		info        ntlmssp.AVPairs
	}{
		{target, 0xffffffff, 0xe2898235 | ntlmssp.NegotiateSeal, "EXAMPLE", ntlmssp.AVPairs{
			ntlmssp.Name(ntlmssp.AvNbDomainName, "EXAMPLE"), ntlmssp.Name(ntlmssp.AvNbComputerName, "PROXY"),
			ntlmssp.Name(ntlmssp.AvDNSDomainName, "example.org"), ntlmssp.Name(ntlmssp.AvDNSComputerName, "proxy.example.org"), ntlmssp.Timestamp(now)}},
		{ntlm.Target{Computer: "PROXY"}, 0, always | ntlmssp.NegotiateOEM | ntlmssp.TargetTypeServer, "PROXY", ntlmssp.AVPairs{
			ntlmssp.Name(ntlmssp.AvNbDomainName, "PROXY"), ntlmssp.Name(ntlmssp.AvNbComputerName, "PROXY"), ntlmssp.Timestamp(now)}},
		{ntlm.Target{}, ntlmssp.NegotiateUnicode | ntlmssp.NegotiateOEM | ntlmssp.NegotiateLMKey, always | ntlmssp.NegotiateUnicode | ntlmssp.TargetTypeServer, "",
			ntlmssp.AVPairs{ntlmssp.Timestamp(now)}},
	} {
		a := newAcceptor(t)
		a.Target = c.target
		ch, err := ntlmssp.ParseChallenge(begin(t, ntlm.NewServer(a), ntlmssp.Negotiate{Flags: c.asked}.Append(nil)))
		if err != nil || ch.Flags != c.want || ch.TargetName != c.name || !reflect.DeepEqual(ch.TargetInfo, c.info) || ch.ServerChallenge != [8]byte{1, 2, 3, 4, 5, 6, 7, 8} {
			t.Errorf("%x: %x, %+v, %v", c.asked, ch.Flags, ch, err)
		}
	}
}

func TestNoRandomNumbers(t *testing.T) {
	a := newAcceptor(t)
	for _, r := range []io.Reader{iotest.ErrReader(errors.New("none")), bytes.NewReader(make([]byte, 7))} {
		a.Rand = r
		step, err := ntlm.NewServer(a).Next(t.Context(), alice().Negotiate())
		wantRefused(t, step, err, ntlm.NoRandom, true)
	}
}

// TestOldFormsOfOneChallenge: where several clients answer a challenge, the response of
// one must be no good for another.
func TestOldFormsOfOneChallenge(t *testing.T) {
	for _, form := range []ntlmssp.Form{ntlmssp.NTLMv1, ntlmssp.NTLM2Session, ntlmssp.LMOnly} {
		a := newAcceptor(t)
		a.ChallengeUses, a.PermitNTLMv1, a.PermitLMv2 = 3, true, true
		client := ntlmtest.Client{User: "bob", Password: "secret", Form: form}
		step, err := login(t, a, client)
		wantRefused(t, step, err, ntlm.OldVersion, false)
	}
}

// TestChallengeUses: one challenge for several clients, and each of their responses
// once.
func TestChallengeUses(t *testing.T) {
	a := newAcceptor(t)
	a.ChallengeUses = 3
	s := ntlm.NewServer(a)
	challenge := begin(t, s, alice().Negotiate())
	bob := ntlmtest.Client{User: "bob", Password: "secret"}
	first := answer(t, alice(), nil, challenge)
	step, err := s.Next(t.Context(), first)
	wantUser(t, step, err, "alice")
	step, err = s.Next(t.Context(), first)
	wantRefused(t, step, err, ntlm.Replay, false)
	step, err = s.Next(t.Context(), answer(t, bob, nil, challenge))
	wantUser(t, step, err, "bob")
	step, err = s.Next(t.Context(), answer(t, bob, nil, challenge))
	wantRefused(t, step, err, ntlm.OutOfOrder, false)
}

// TestChangedOnTheWay: of a good AUTHENTICATE message, no part and no message with a
// bit changed lets anybody in but the user who made it.
func TestChangedOnTheWay(t *testing.T) {
	for _, form := range []ntlmssp.Form{ntlmssp.NTLMv2, ntlmssp.NTLMv1, ntlmssp.NTLM2Session, ntlmssp.LMOnly} {
		a := newAcceptor(t)
		a.PermitNTLMv1, a.PermitLMv2 = true, true
		client := alice()
		client.Form, client.Flags = form, ntlmtest.DefaultFlags|ntlmssp.NegotiateKeyExch
		negotiate := client.Negotiate()
		try := func(change func([]byte) []byte) (ntlm.Step, error) {
			a.Rand = &counter{}
			s := ntlm.NewServer(a)
			return s.Next(t.Context(), change(answer(t, client, negotiate, begin(t, s, negotiate))))
		}
		size := 0
		if step, err := try(func(b []byte) []byte { size = len(b); return b }); err != nil || step.Client == nil {
			t.Fatalf("%v: %v", form, err)
		}
		for n := range size {
			step, err := try(func(b []byte) []byte { return b[:n] })
			if step.Client != nil || err == nil {
				t.Errorf("%v: %d of %d bytes let %+v in", form, n, size, step.Client)
			}
		}
		for bit := range 8 * size {
			step, err := try(func(b []byte) []byte { b[bit/8] ^= 1 << (bit % 8); return b })
			if (step.Client == nil) == (err == nil) {
				t.Fatalf("%v, bit %d: %+v, %v", form, bit, step, err)
			}
			if step.Client != nil && (form == ntlmssp.NTLMv2 || step.Client.Name != "alice") {
				t.Errorf("%v, bit %d of byte %d: let in as %s", form, bit%8, bit/8, step.Client.Name)
			}
		}
	}
}

// TestSwappedFields: a response is of one user, whatever field another name stands
// in.
func TestSwappedFields(t *testing.T) {
	client := alice()
	s, negotiate := ntlm.NewServer(newAcceptor(t)), client.Negotiate()
	token := answer(t, client, negotiate, begin(t, s, negotiate))
	user, domain := binary.LittleEndian.Uint64(token[36:]), binary.LittleEndian.Uint64(token[28:])
	binary.LittleEndian.PutUint64(token[36:], domain)
	binary.LittleEndian.PutUint64(token[28:], user)
	step, err := s.Next(t.Context(), token)
	wantRefused(t, step, err, ntlm.NoSuchUser, false)
}
