package protocol

import "bytes"

// maxChannelID is the length of the largest channel-ID, an unsigned 64-bit
// number (Squid's Helper::Xaction::request_id), and the blank behind it.
const maxChannelID = 20 + 1

// CutChannelID splits a line into its channel-ID, as digits, and the request
// behind the blank. Without a channel-ID, ok is false and rest is the line.
func CutChannelID(line []byte) (id, rest []byte, ok bool) {
	n := countDigits(line)
	if n == 0 || n >= maxChannelID {
		return nil, line, false
	}
	if n == len(line) {
		return line, nil, true
	}
	if line[n] != ' ' {
		return nil, line, false
	}
	return line[:n], line[n+1:], true
}

// StrayChannelID returns the channel-ID of a Basic request line that carries one
// although none was expected: a number before more words than there should be.
// Squid escapes blanks in names and passwords, so such a line only comes about
// when squid.conf says concurrency= and the helper was not told. Squid aborts
// when a reply to it lacks the ID.
func StrayChannelID(line []byte, extras int) []byte {
	id, rest, ok := CutChannelID(line)
	if !ok || bytes.Count(rest, blank) <= extras {
		return nil
	}
	return id
}

func countDigits(b []byte) int {
	for i, c := range b {
		if c < '0' || c > '9' {
			return i
		}
	}
	return len(b)
}
