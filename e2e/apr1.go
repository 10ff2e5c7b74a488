//go:build unix

package e2e

import "crypto/md5"

// apr1Alphabet is the order in which crypt(3) and Apache count to 64.
const apr1Alphabet = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// APR1User returns a user whose hash is Apache's salted and repeated MD5, what
// htpasswd writes when it is asked for nothing else. The salt has at most eight
// characters.
func APR1User(name, password, salt string) User {
	return User{name, password, "$apr1$" + salt + "$" + apr1(password, salt)}
}

// apr1 follows apr_md5_encode of the Apache Portable Runtime.
func apr1(password, salt string) string {
	inner := md5.Sum([]byte(password + salt + password))
	start := []byte(password + "$apr1$" + salt)
	for left := len(password); left > 0; left -= md5.Size {
		start = append(start, inner[:min(left, md5.Size)]...)
	}
	for bits := len(password); bits > 0; bits >>= 1 {
		if bits&1 == 1 {
			start = append(start, 0)
		} else {
			start = append(start, password[0])
		}
	}
	sum := md5.Sum(start)
	for round := range 1000 {
		sum = apr1Round(round, sum, password, salt)
	}
	return apr1Text(sum)
}

func apr1Round(round int, sum [md5.Size]byte, password, salt string) [md5.Size]byte {
	first, last := string(sum[:]), password
	if round%2 == 1 {
		first, last = last, first
	}
	if round%3 != 0 {
		first += salt
	}
	if round%7 != 0 {
		first += password
	}
	return md5.Sum([]byte(first + last))
}

// apr1Text writes the sum in the order of bytes that crypt(3) uses.
func apr1Text(sum [md5.Size]byte) string {
	var text []byte
	put := func(value, digits int) {
		for range digits {
			text = append(text, apr1Alphabet[value&63])
			value >>= 6
		}
	}
	for _, at := range [][3]int{{0, 6, 12}, {1, 7, 13}, {2, 8, 14}, {3, 9, 15}, {4, 10, 5}} {
		put(int(sum[at[0]])<<16|int(sum[at[1]])<<8|int(sum[at[2]]), 4)
	}
	put(int(sum[11]), 2)
	return string(text)
}
