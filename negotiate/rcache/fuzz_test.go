package rcache

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"
	"time"
)

// known reads a file as the documentation of the format tells, in its own way: it
// lists the slots that a tag may be in, and searches them up to an unused one.
func known(content, tag []byte) (found bool, slots []int) {
	if len(content) < seedLen {
		return false, nil
	}
	seed := [seedLen]byte(content)
	for k := range 17 {
		begin, count := 16384<<k-16384, 1024<<k
		if k == 0 {
			begin, count = seedLen, count-1
		}
		at := begin + int(siphash(&seed, tag)%uint64(count))*recordLen
		ended := false
		for _, p := range []int{at, at + recordLen} {
			slots = append(slots, p)
			if p+recordLen > len(content) || bytes.Equal(content[p+TagLen:p+recordLen], make([]byte, 4)) {
				ended = true
			} else if bytes.Equal(content[p:p+TagLen], tag) {
				return true, slots
			}
		}
		if ended {
			return false, slots
		}
		seed[0]++
	}
	return false, nil
}

// FuzzFile: any content gives the answer that the documentation asks for, and
// writes nothing but one record, over a slot that was free.
func FuzzFile(f *testing.F) {
	for _, n := range []uint64{0, 1, 100, 1500} {
		b := filled(f, n)
		f.Add(b.data, tagOf(n/2), uint32(0))
		f.Add(b.data, tagOf(n), uint32(600))
		f.Add(b.data[:len(b.data)-1], tagOf(n), uint32(601))
		f.Add(b.data, tagOf(n), uint32(901))
	}
	f.Add([]byte(nil), tagOf(0), uint32(0))
	f.Add([]byte("short"), tagOf(0), uint32(0))
	f.Add(bytes.Repeat([]byte{0xff}, 1<<15), tagOf(0), uint32(0))
	f.Add(bytes.Repeat([]byte{1}, 1<<15), tagOf(0), uint32(0))
	f.Fuzz(func(t *testing.T, content, tag []byte, later uint32) {
		if len(tag) != TagLen {
			return
		}
		now := start.Add(time.Duration(later) * time.Second)
		b := &buffer{data: bytes.Clone(content)}
		seen, err := present(b, tag, now)
		if err != nil {
			if now.Unix() < 1<<32-300 {
				t.Fatal(err)
			}
			return
		}
		checkWritten(t, content, b.data, tag, now, seen)
		if again, err := present(b, tag, now); !again || err != nil {
			t.Fatalf("not known right after: %v", err)
		}
	})
}

func checkWritten(t *testing.T, before, after, tag []byte, now time.Time, seen bool) {
	if len(before) < seedLen {
		before = after[:seedLen] // a new seed
	}
	want, slots := known(before, tag)
	if seen != want {
		t.Fatalf("seen %v, want %v", seen, want)
	}
	if seen {
		if !bytes.Equal(before, after) {
			t.Fatal("a replay was written")
		}
		return
	}
	if n := len(after) - len(before); n > 0 {
		before = append(bytes.Clone(before), make([]byte, n)...)
	}
	first := -1
	for _, p := range slots { // the first that is free
		stamp := uint32(0)
		if p+recordLen <= len(before) {
			stamp = binary.BigEndian.Uint32(before[p+TagLen:])
		}
		if stamp == 0 || int64(stamp) < now.Add(-lifetime).Unix() {
			first = p
			break
		}
	}
	record := binary.BigEndian.AppendUint32(bytes.Clone(tag), uint32(now.Add(skew).Unix()))
	if first < 0 || !bytes.Equal(after, slices.Concat(before[:first], record, before[first+recordLen:])) {
		t.Fatalf("not written to %d alone", first)
	}
}
