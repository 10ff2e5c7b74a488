package guard

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"hash/crc32"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"squidauth/basic"
)

// The file has a header and a table. All numbers are little-endian.
//
//	header   magic 16, key 32, CRC-32C of both 4; the rest of 4 KiB is empty
//	bucket   4 slots, 4 KiB; there are 1024 buckets
//	slot     name 12, CRC-32C of the rest of the slot 4, entries 10 × 100, empty 8
//	entry    pair 12, time 8 (Unix ms), process 4, phase 1, length of reason 1,
//	         length of text 1, empty 1, user 4, reason and text 68
//
// A name is in one of the slots of the bucket that its tag begins with, modulo 1024. A
// slot with a wrong sum is empty, and so is one of zeros. A slot lies within a page of
// memory, so that a process that is killed does not leave half of one.
const (
	magic    = "squidauth guard2"
	keyLen   = 32
	tagLen   = 12
	sumLen   = 4
	pageLen  = 4096
	buckets  = 1024
	slotLen  = 1024
	entryLen = 100
	wordsAt  = 32
	wordsLen = entryLen - wordsAt
	markLen  = 4
	headLen  = len(magic) + keyLen + sumLen

	// entryPhase is where the first entry's phase is in a slot; 0: the slot is empty.
	entryPhase = tagLen + sumLen + 24
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// tag stands for a name, or a name and a password, to those who have the key.
type tag [tagLen]byte

// key makes tags. Without it a tag tells nothing; with it, passwords can be guessed.
type key [keyLen]byte

// tag returns the tag of some words, whose order matters.
func (k *key) tag(words ...string) (t tag) {
	mac := hmac.New(sha256.New, k[:])
	for _, w := range words {
		var n [8]byte
		binary.LittleEndian.PutUint64(n[:], uint64(len(w)))
		mac.Write(n[:])
		mac.Write([]byte(w))
	}
	copy(t[:], mac.Sum(nil))
	return t
}

// mark returns the part of a user's tag that an entry has room for.
func (t tag) mark() (m tag) {
	copy(m[:markLen], t[:])
	return m
}

// offset returns where the bucket of a name begins.
func (t tag) offset() int64 {
	return pageLen * (1 + int64(binary.LittleEndian.Uint16(t[:]))%buckets)
}

func makeHeader(k *key) []byte {
	b := append([]byte(magic), k[:]...)
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// parseHeader reports false if b is no header of such a file.
func parseHeader(b []byte) (k key, ok bool) {
	if len(b) < headLen || string(b[:len(magic)]) != magic {
		return k, false
	}
	body, sum := b[:headLen-sumLen], b[headLen-sumLen:headLen]
	if crc32.Checksum(body, castagnoli) != binary.LittleEndian.Uint32(sum) {
		return k, false
	}
	copy(k[:], body[len(magic):])
	return k, true
}

// appendSlot appends the slot of a name. A record without entries is an empty slot.
func appendSlot(dst []byte, name tag, rec record) []byte {
	begin := len(dst)
	dst = append(dst, make([]byte, slotLen)...)
	if len(rec) == 0 {
		return dst
	}
	slot := dst[begin:]
	copy(slot, name[:])
	for i, e := range rec[:min(len(rec), maxEntries)] {
		e.put(slot[tagLen+sumLen+i*entryLen:])
	}
	binary.LittleEndian.PutUint32(slot[tagLen:], slotSum(slot))
	return dst
}

func slotSum(slot []byte) uint32 {
	sum := crc32.Checksum(slot[:tagLen], castagnoli)
	return crc32.Update(sum, castagnoli, slot[tagLen+sumLen:slotLen])
}

func (e entry) put(b []byte) {
	copy(b, e.pair[:])
	binary.LittleEndian.PutUint64(b[12:], uint64(e.at.UnixMilli()))
	binary.LittleEndian.PutUint32(b[20:], uint32(e.pid))
	b[24] = byte(e.phase)
	reason, text := e.reason, e.text
	if len(reason) > wordsLen {
		reason = basic.WrongPassword
	}
	if len(reason)+len(text) > wordsLen {
		text = ""
	}
	b[25], b[26] = byte(len(reason)), byte(len(text))
	copy(b[wordsAt-markLen:wordsAt], e.user[:])
	copy(b[wordsAt:], string(reason)+text)
}

// parseSlot reads a slot. The record is nil if it is empty, or not whole.
func parseSlot(slot []byte) (name tag, rec record) {
	if len(slot) < slotLen || slot[entryPhase] == 0 || slotSum(slot) != binary.LittleEndian.Uint32(slot[tagLen:]) {
		return name, nil
	}
	copy(name[:], slot)
	for i := range maxEntries {
		e, ok := parseEntry(slot[tagLen+sumLen+i*entryLen:][:entryLen])
		if !ok {
			break
		}
		rec = append(rec, e)
	}
	return name, rec
}

func parseEntry(b []byte) (e entry, ok bool) {
	reason, text := int(b[25]), int(b[26])
	e.phase = phase(b[24])
	if e.phase < asking || e.phase > forgiven || reason+text > wordsLen {
		return entry{}, false
	}
	copy(e.pair[:], b)
	e.at = time.UnixMilli(int64(binary.LittleEndian.Uint64(b[12:])))
	e.pid = int(int32(binary.LittleEndian.Uint32(b[20:])))
	copy(e.user[:markLen], b[wordsAt-markLen:])
	e.reason = basic.Reason(bytes.Clone(b[wordsAt:][:reason]))
	e.text = string(b[wordsAt+reason:][:text])
	if !isCode(string(e.reason)) {
		e.reason = basic.WrongPassword
	}
	if !utf8.ValidString(e.text) || strings.ContainsFunc(e.text, unicode.IsControl) {
		e.text = ""
	}
	return e, true
}

// isCode reports that a word is of the kind that reasons are.
func isCode(s string) bool {
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}
