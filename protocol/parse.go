package protocol

import "bytes"

// Result is how Squid classes a reply line. The zero Result is Unknown, which
// Squid takes for a crashed helper.
type Result byte

// The results of Squid's parser, spelled as the codes that stand for them.
const (
	ResultUnknown Result = iota
	ResultOK
	ResultERR
	ResultBH
	ResultTT
)

// String returns the result as Squid logs it.
func (r Result) String() string {
	return [...]string{"Unknown", "OK", "ERR", "BH", "TT"}[r]
}

// ParsedReply is a reply line as Squid understands it.
type ParsedReply struct {
	Result Result
	Notes  []Pair // in the order of the line; AF's words and texts included
	Other  string // what is neither code nor annotation
}

// Note returns the first value of the annotation called key.
func (p ParsedReply) Note(key string) (string, bool) {
	for _, n := range p.Notes {
		if n.Key == key {
			return n.Value, true
		}
	}
	return "", false
}

func (p *ParsedReply) note(key, value string) {
	p.Notes = append(p.Notes, Pair{key, value})
}

// ParseReply reads a reply line, without channel-ID and LF, exactly as Squid 3.4
// and later do (src/helper/Reply.cc, Helper::Reply::finalize). It knows AF, NA
// and TT whatever the dialect. A line with NUL never ends for Squid: Unknown.
func ParseReply(line []byte) ParsedReply {
	if bytes.IndexByte(line, 0) >= 0 {
		return ParsedReply{}
	}
	if len(line) == 0 {
		return ParsedReply{Result: ResultERR}
	}
	var p ParsedReply
	code, rest := p.parseCode(line)
	rest = trimSpace(rest)
	if code != "NA" {
		rest = p.parsePairs(rest)
	}
	if len(rest) > 0 && (code == "NA" || p.Result == ResultBH) {
		p.note("message", string(rest))
		return p
	}
	p.Other = string(rest)
	return p
}

// parseCode reads the result code and the words that belong to it.
func (p *ParsedReply) parseCode(line []byte) (code string, rest []byte) {
	word, rest, found := bytes.Cut(line, blank)
	switch code = string(word); code {
	case "OK":
		p.Result = ResultOK
		return code, rest
	case "ERR":
		p.Result = ResultERR
		return code, rest
	case "BH":
		p.Result = ResultBH
		return code, rest
	}
	if !found { // TT, AF and NA count only with a blank behind them
		return "", line
	}
	switch code {
	case "TT":
		return code, p.parseTT(rest)
	case "AF":
		return code, p.parseAF(rest)
	case "NA":
		p.Result = ResultERR
		return code, rest
	}
	return "", line
}

func (p *ParsedReply) parseTT(rest []byte) []byte {
	token, ok := nextWord(&rest)
	if !ok {
		p.Result = ResultBH
		p.note("message", "Missing 'token' data")
		return rest
	}
	p.Result = ResultTT
	p.note("token", token.text)
	return rest
}

func (p *ParsedReply) parseAF(rest []byte) []byte {
	p.Result = ResultOK
	first, ok := nextWord(&rest)
	if !ok {
		return rest
	}
	second, ok := nextWord(&rest)
	if !ok {
		p.note("user", first.text)
		return rest
	}
	p.note("token", first.text)
	p.note("user", second.text)
	return rest
}

// parsePairs reads annotations up to the first word that is none.
func (p *ParsedReply) parsePairs(b []byte) []byte {
	for len(b) > 0 {
		n := 0
		for n < len(b) && isKeyChar(b[n]) {
			n++
		}
		if n == len(b) || b[n] != '=' {
			return b
		}
		rest := b[n+1:]
		if len(rest) > 0 && isSpace(rest[0]) {
			return b
		}
		quoted := len(rest) > 0 && rest[0] == '"'
		value, _ := nextWord(&rest)
		if !quoted && value.span > 2 {
			value.text = unescape([]byte(value.text))
		}
		p.note(string(b[:n]), value.text)
		b = trimSpace(rest)
	}
	return b
}

// word is one word of a reply; span is its length on the line, quotes and one
// white space behind it included.
type word struct {
	text string
	span int
}

// nextWord takes a word off b as Squid's strwordtok does (src/String.cc): quotes
// may open and close anywhere in it, and only inside them a backslash escapes.
func nextWord(b *[]byte) (word, bool) {
	s := trimSpace(*b)
	if len(s) == 0 {
		*b = s
		return word{}, false
	}
	var text []byte
	quoted := false
	i := 0
	for ; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '"':
			quoted = !quoted
		case c == '\\' && quoted:
			i++
			if i < len(s) {
				text = append(text, escaped(s[i]))
			}
		case !quoted && isSpace(c):
			*b = s[i+1:]
			return word{string(text), i + 1}, true
		default:
			text = append(text, c)
		}
	}
	*b = nil
	return word{string(text), min(i, len(s))}, true
}

func escaped(c byte) byte {
	switch c {
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	}
	return c
}

func trimSpace(b []byte) []byte {
	for len(b) > 0 && isSpace(b[0]) {
		b = b[1:]
	}
	return b
}

// isSpace is C's isspace in the C locale.
func isSpace(c byte) bool { return c == ' ' || '\t' <= c && c <= '\r' }

// isKeyChar says whether c may stand in the name of an annotation.
func isKeyChar(c byte) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		return true
	}
	return c == '-' || c == '_'
}
