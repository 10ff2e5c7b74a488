package passhash

import "testing"

// benchmarks are the costs that files have: the defaults of libxcrypt 4.4,
// mkpasswd and htpasswd, and bcrypt also at htpasswd's 5.
var benchmarks = []struct{ name, stored string }{
	{"des", "abxxB7HlIeckU"},
	{"bsdi", "_J9..salt.........." + "."},
	{"md5crypt", "$1$saltsalt$" + tail22},
	{"apr1", "$apr1$saltsalt$" + tail22},
	{"sha256crypt", "$5$saltstring$" + tail43},
	{"sha512crypt", "$6$saltstring$" + tail86},
	{"bcrypt5", "$2b$05$" + tail53},
	{"bcrypt10", "$2b$10$" + tail53},
	{"yescrypt", "$y$j9T$AAt9R641xPvCI9nXw1HHW/$" + tail43},
	{"scrypt", "$7$CU..../....SodiumChloride$" + tail43},
	{"sunmd5", "$md5,rounds=34000$saltsalt$$" + tail22},
	{"sha1crypt", "$sha1$262144$saltsalt$" + tail28},
	{"nt", "$3$$8846f7eaee8fb117ad06bdd830b7586c"},
	{"md5hex", "900150983cd24fb0d6963f7d28e17f72"},
	{"sha1", "{SHA}qZk+NkcGgWq6PiVxeFDCbJzQ2J0="},
	{"ssha", "{SSHA}" + "qZk+NkcGgWq6PiVxeFDCbJzQ2J1zYWx0"},
	{"argon2id", "$argon2id$v=19$m=65536,t=2,p=1" + phc},
}

func BenchmarkVerify(b *testing.B) {
	for _, bm := range benchmarks {
		b.Run(bm.name, func(b *testing.B) {
			h, err := Parse(bm.stored)
			if err != nil {
				b.Fatal(err)
			}
			password := []byte("password")
			b.ReportAllocs()
			for b.Loop() {
				h.Verify(password)
			}
		})
	}
}

func BenchmarkParse(b *testing.B) {
	for _, bm := range benchmarks {
		b.Run(bm.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Parse(bm.stored); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkDESTables is what the first DES password of a process pays.
func BenchmarkDESTables(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		newDESTables()
	}
}
