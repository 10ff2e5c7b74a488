package main

// An account is a user whose password we know, and its hash as it stands in a password file.
type account struct {
	user, password, hash string
}

// The accounts are fixed, and not hashed anew in each run, so that no other program is needed and both sides, today and
// next year, do the same work. They were made with mkpasswd, htpasswd -B, openssl passwd -apr1 and md5sum.

// desAccounts have passwords of at most 8 bytes: the C helper refuses longer ones.
func desAccounts() []account {
	return []account{
		{"alice", "des-pw-1", "a1mDX3XwHvv5o"},
		{"bob", "des-pw-2", "a2RK9jqlZRTw."},
		{"carol", "des-pw-3", "a3fupNFEPBy0s"},
		{"dave", "des-pw-4", "a4p/1c/BgcAjY"},
		{"erin", "des-pw-5", "a50li28HIgwlI"},
		{"frank", "des-pw-6", "a6qBdmE8ZZ8Xw"},
		{"grace", "des-pw-7", "a7b70GOQLLxrA"},
		{"heidi", "des-pw-8", "a8JKkuh/aIe0M"},
	}
}

// md5hexAccounts are plain MD5 sums, the oldest format the C helper reads.
func md5hexAccounts() []account {
	return []account{
		{"alice", "md5hex-alice", "b979fa6a18fcc4d578daa9d2c1383b51"},
		{"bob", "md5hex-bob", "6a90ff851ae4514eaf059376773f897e"},
		{"carol", "md5hex-carol", "5dbb22e58139744ce84c7230c2226bd0"},
		{"dave", "md5hex-dave", "fd6ad8de26169f856c5575c58b32635f"},
	}
}

func md5cryptAccounts() []account {
	return []account{
		{"alice", "md5crypt-alice", "$1$benchsl5$DHqfpyddLIm36a2dnt4I5/"},
		{"bob", "md5crypt-bob", "$1$benchsl3$Ujm0DhBw7So9EYXNibSsp/"},
	}
}

func apr1Accounts() []account {
	return []account{
		{"alice", "apr1-alice", "$apr1$bnch5$Xr/ElQpWQezSIxfR3ckC/1"},
		{"bob", "apr1-bob", "$apr1$bnch3$VHPR7TIyuiEwQOIsRNb/J1"},
	}
}

// sha256Accounts have the default of 5,000 rounds, as do the next.
func sha256Accounts() []account {
	return []account{
		{"alice", "sha256-alice", "$5$benchmarksalt5$VtH5XH4umj8CHrVVHhOPwRCIYLk6xd8AkeIRhtJqbJ."},
		{"bob", "sha256-bob", "$5$benchmarksalt3$O9UPSmPf3FFf61blJkq35Xi2yaC4l2U50hN3wWUMAQ7"},
	}
}

func sha512Accounts() []account {
	return []account{
		{"alice", "sha512-alice",
			"$6$benchmarksalt5$.4uxIR4HLULXpoVC8XGcxeaWkwrZYnQ7TpVTjBCEMqzmDrrYeQOUKhdckalJh4Mq0p378IrbOmNzUP0VAFQJi0"},
		{"bob", "sha512-bob",
			"$6$benchmarksalt3$7vJU42KtaXh/oYjUOktIwOJ/eUuzs6JqUaT2lbUm6N7db0G4cfwXs6bmSnSpbBy3biePtDJT9qd6l/b3VfU2V1"},
	}
}

func bcrypt5Accounts() []account {
	return []account{
		{"alice", "bcrypt5-alice", "$2y$05$pC/1dJMQhGOoWi3iGK9a8Oo2Bf4Fh5rEpnA9ySMFOGv4xaSnJmUvW"},
		{"bob", "bcrypt5-bob", "$2y$05$UySzIPhh5hF82mwyQ4jTvuHp.ZZ6mWhmVN/B1E9FMVYangTAacQ3G"},
	}
}

func bcrypt10Accounts() []account {
	return []account{
		{"alice", "bcrypt10-alice", "$2y$10$Br2HKxXT6S/Y8oCJ.HhRpeOBb/uW/H30dBHkVkdR5NPIBMJS07x6."},
		{"bob", "bcrypt10-bob", "$2y$10$4PwmN7OM8BiydCYLUEQD7ODMQ9ZjZMGRce8E.GtnWRyZBK3alkjYS"},
	}
}

// yescryptAccounts have the cost Debian gives new passwords.
func yescryptAccounts() []account {
	return []account{
		{"alice", "yescrypt-alice", "$y$j9T$In.n1uNajSrQKvrLC9yka1$Z2MWoGuZx8Q913difjkyBKfpPust6Uy8qkwgzGM0aM0"},
		{"bob", "yescrypt-bob", "$y$j9T$9npbjgiC8tLcK8HEnJ8/L.$bUySXXU3p1U14fkl8qdA/10Cw7bXhifNPyeLTHkvqb5"},
	}
}
