package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/md5"
	"encoding/binary"
	"fmt"
	"hash"
	"io"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// serveRadius plays a RADIUS server that takes as little of a processor as a process can, and sends each answer a time
// after the request came. It prints its port, and ends when its standard input does.
func serveRadius(args []string) error {
	debug.SetGCPercent(-1)
	distance, err := time.ParseDuration(strings.Join(args, " "))
	if err != nil {
		return err
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	if err != nil {
		return err
	}
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return err
	}
	name, err := unix.Getsockname(fd)
	if err != nil {
		return err
	}
	fmt.Println(name.(*unix.SockaddrInet4).Port)
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	return answerRadius(fd, distance)
}

// radiusAnswer is an answer and when it is due.
type radiusAnswer struct {
	bytes []byte
	to    unix.Sockaddr
	due   time.Time
}

func answerRadius(fd int, distance time.Duration) error {
	const most = 1 << 10 // answers under way, more than there are requests in flight
	later := make(chan radiusAnswer, most)
	go func() {
		for a := range later {
			time.Sleep(time.Until(a.due))
			_ = unix.Sendto(fd, a.bytes, 0, a.to) // the helper will miss it
		}
	}()
	r := radiusResponder{mac: hmac.New(md5.New, []byte(radiusSecret))}
	for in := make([]byte, 4096); ; {
		n, from, err := unix.Recvfrom(fd, in, 0)
		if err != nil {
			return err
		}
		answer := r.answer(in[:n])
		if distance > 0 {
			later <- radiusAnswer{bytes.Clone(answer), from, time.Now().Add(distance)}
		} else if err := unix.Sendto(fd, answer, 0, from); err != nil {
			return err
		}
	}
}

// radiusResponder makes answers, without garbage.
type radiusResponder struct {
	mac hash.Hash
	out []byte
}

// answer accepts every radiusUser with radiusPassword. The answer is signed if the request is, which is not checked: neither
// helper is to wait for that.
func (r *radiusResponder) answer(q []byte) []byte {
	code, signed := byte(3), false
	var user, password []byte
	for rest := q[20:]; len(rest) > 1 && int(rest[1]) <= len(rest) && rest[1] > 1; rest = rest[rest[1]:] {
		switch value := rest[2:rest[1]]; rest[0] {
		case 1:
			user = value
		case 2:
			password = value
		case 80:
			signed = true
		}
	}
	if bytes.HasPrefix(user, []byte(radiusUser)) && r.reveals(q, password) {
		code = 2
	}
	r.out = append(r.out[:0], code, q[1], 0, 20)
	r.out = append(r.out, q[4:20]...)
	if signed {
		binary.BigEndian.PutUint16(r.out[2:], 38)
		r.out = append(append(r.out, 80, 18), make([]byte, 16)...)
		r.mac.Reset()
		r.mac.Write(r.out)
		r.mac.Sum(r.out[:22])
	}
	end := len(r.out)
	r.out = append(r.out, radiusSecret...)
	sum := md5.Sum(r.out)
	copy(r.out[4:], sum[:])
	r.out = r.out[:end]
	return r.out
}

// reveals reports whether the first block of a hidden password is radiusPassword.
func (r *radiusResponder) reveals(q, hidden []byte) bool {
	if len(hidden) < 16 {
		return false
	}
	r.out = append(append(r.out[:0], radiusSecret...), q[4:20]...)
	sum := md5.Sum(r.out)
	for i := range sum {
		sum[i] ^= hidden[i]
	}
	return string(bytes.TrimRight(sum[:], "\x00")) == radiusPassword
}
