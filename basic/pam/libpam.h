// What Go and C tell each other about one transaction. It lies in memory of C, which
// stays where it is as long as a module may look at it.

enum {
	MAX_ROUNDS = 16,  // in which a module may ask; a person types once or twice
	MAX_SAID = 2048,  // bytes of what modules say, more is dropped
	MAX_WORDS = 128,
};

struct inquiry {
	const char *service, *user, *password;
	const char *confdir; // NULL: /etc/pam.d
	int account;         // ask for the account too

	int status;         // of PAM
	char words[MAX_WORDS]; // pam_strerror
	unsigned delay;     // in microseconds, before a refusal is told
	char said[MAX_SAID]; // texts of modules, a NUL behind each
	unsigned used;      // bytes of said
	int rounds;
	int puzzled;        // it was asked what it cannot answer
};

// inquire does the whole transaction. status is PAM_SUCCESS only if the user is who
// the password says, and may log in.
void inquire(struct inquiry *q);

// shield moves the standard input and output to other descriptors, which it returns in
// fds and which no program inherits. What is left is /dev/null and the standard error.
// It returns an errno, or 0.
int shield(int fds[2]);
