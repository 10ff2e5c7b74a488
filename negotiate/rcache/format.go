package rcache

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"time"
)

// Measures of MIT's format "file2" (krb5 documentation, "Replay cache file
// format"), in bytes. A record is a tag and a big-endian time in seconds since
// 1970. A time of 0 says that the slot was never used.
const (
	seedLen   = 16
	recordLen = TagLen + 4

	firstRecords = 1023 // with the seed: 16 KiB
	maxFile      = math.MaxInt32
)

// maxLifetime keeps a mistaken unit from making a cache that only grows.
const maxLifetime = 7 * 24 * time.Hour

var errNoRoom = errors.New("no free slot for this authenticator, and the file may not grow over 2 GiB: remove it")

// storage is the file that tables are in.
type storage interface {
	io.ReaderAt
	io.WriterAt
}

// tables is the content of a cache file. The file is locked while it is used.
type tables struct {
	file storage
	seed [seedLen]byte
	pair [2 * recordLen]byte
}

// readSeed reads the seed, and writes one into a file that has none yet.
func (t *tables) readSeed() error {
	n, err := readAt(t.file, t.seed[:], 0)
	if err != nil || n == seedLen {
		return err
	}
	rand.Read(t.seed[:])
	_, err = t.file.WriteAt(t.seed[:], 0)
	return err
}

// insert looks for the key and, if it is not there, writes it with its stamp over
// the first slot it may have that is unused or expired. A slot is unused if its
// time is 0 or it is beyond the end of the file; it is expired if its time is
// before the horizon. end is where the written record ends, 0 if none was.
//
// In each table the key may be in two slots: the one that its hash says and the
// next, which at the end of a table is the first of the next table. MIT's
// documentation takes the hash modulo one less than the table's size; its code,
// and all files there are, modulo the size. A slot never becomes unused again, so
// the first unused one ends the search: had the key been stored, it would have
// been there. An expired record with the key is still a match, as in MIT's code.
func (t *tables) insert(k key, stamp uint32, horizon int64) (seen bool, end int64, err error) {
	seed := t.seed
	free := int64(-1)
	for at, records := int64(seedLen), int64(firstRecords); at <= maxFile-records*recordLen; at, records = nextTable(at, records) {
		slot := at + int64(siphash(&seed, k[:])%uint64(records))*recordLen
		if err := t.readPair(slot); err != nil {
			return false, 0, err
		}
		unused := false
		for i := 0; i < len(t.pair); i += recordLen {
			when := binary.BigEndian.Uint32(t.pair[i+TagLen:])
			if when != 0 && bytes.Equal(t.pair[i:i+TagLen], k[:]) {
				return true, 0, nil
			}
			if free < 0 && (when == 0 || int64(when) < horizon) {
				free = slot + int64(i)
			}
			unused = unused || when == 0
		}
		if unused {
			end, err := t.write(free, k, stamp)
			return false, end, err
		}
		seed[0]++
	}
	return false, 0, errNoRoom
}

// nextTable returns the offset and the number of records of the table behind one.
func nextTable(at, records int64) (int64, int64) {
	at += records * recordLen
	if records == firstRecords {
		records++
	}
	return at, 2 * records
}

// readPair reads two records; what is beyond the end of the file reads as zeros.
func (t *tables) readPair(slot int64) error {
	n, err := readAt(t.file, t.pair[:], slot)
	clear(t.pair[n:])
	return err
}

// write writes a record and returns where it ends, 0 if it could not.
func (t *tables) write(slot int64, k key, stamp uint32) (end int64, err error) {
	copy(t.pair[:], k[:])
	binary.BigEndian.PutUint32(t.pair[TagLen:], stamp)
	if _, err := t.file.WriteAt(t.pair[:recordLen], slot); err != nil {
		return 0, err
	}
	return slot + recordLen, nil
}

// copyTo inserts the records that are not expired into other tables. It returns
// how far those were written.
func (t *tables) copyTo(other *tables, horizon int64) (end int64, err error) {
	buf := make([]byte, 4096*recordLen)
	for at := int64(seedLen); at < maxFile; {
		n, err := readAt(t.file, buf, at)
		if err != nil || n < recordLen {
			return end, err
		}
		for i := 0; i+recordLen <= n; i += recordLen {
			stamp := binary.BigEndian.Uint32(buf[i+TagLen:])
			if stamp == 0 || int64(stamp) < horizon {
				continue
			}
			_, to, err := other.insert(key(buf[i:i+TagLen]), stamp, horizon)
			if err != nil {
				return end, err
			}
			end = max(end, to)
		}
		at += int64(n)
	}
	return end, nil
}

// readAt fills buf as far as the file goes.
func readAt(f io.ReaderAt, buf []byte, at int64) (int, error) {
	n, err := f.ReadAt(buf, at)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return n, err
}

// ages turns times into those of records.
//
// MIT's library stamps a record with the time of presentation and reuses its slot
// when now > stamp + clockskew. That is too early by one skew for an
// authenticator from the future. Our records are therefore stamped one skew
// ahead, which makes MIT's library keep them as long as is needed, and we keep
// every record until now > stamp + two skews, which makes us keep MIT's.
type ages struct {
	skew int64 // seconds, rounded up
}

func newAges(lifetime time.Duration) (ages, error) {
	if err := checkLifetime(lifetime); err != nil {
		return ages{}, err
	}
	return ages{skew: int64((lifetime + 2*time.Second - 1) / (2 * time.Second))}, nil
}

func checkLifetime(lifetime time.Duration) error {
	if lifetime <= 0 || lifetime > maxLifetime {
		return fmt.Errorf("replay cache: a lifetime of %v is not between 0 and %v", lifetime, maxLifetime)
	}
	return nil
}

// of returns the stamp for a record of now, and the horizon: records with stamps
// before it have expired.
func (a ages) of(now time.Time) (stamp uint32, horizon int64, err error) {
	seconds := now.Unix()
	if seconds <= 0 || seconds > math.MaxUint32-a.skew {
		return 0, 0, fmt.Errorf("the clock says %v, which the file cannot express", now)
	}
	return uint32(seconds + a.skew), seconds - 2*a.skew, nil
}
