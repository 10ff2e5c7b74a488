//go:build pam && cgo

#define _GNU_SOURCE
#include "libpam.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <security/pam_appl.h>

// Linux-PAM 1.4 and later have it, OpenPAM has not.
#ifdef __linux__
extern int pam_start_confdir(const char *, const char *, const struct pam_conv *, const char *, pam_handle_t **) __attribute__((weak));
#endif

// hear keeps a text that is meant for the user, as long as there is room for all of it.
static void hear(struct inquiry *q, const char *text)
{
	size_t n = text ? strlen(text) + 1 : 0;

	if (n > 1 && n <= sizeof q->said - q->used) {
		memcpy(q->said + q->used, text, n);
		q->used += n;
	}
}

// reply answers one message of a module.
static int reply(struct inquiry *q, const struct pam_message *m, struct pam_response *r)
{
	switch (m->msg_style) {
	case PAM_PROMPT_ECHO_OFF:
		r->resp = strdup(q->password);
		return r->resp ? PAM_SUCCESS : PAM_BUF_ERR;
	case PAM_PROMPT_ECHO_ON:
		r->resp = strdup(q->user);
		return r->resp ? PAM_SUCCESS : PAM_BUF_ERR;
	case PAM_ERROR_MSG:
	case PAM_TEXT_INFO:
		hear(q, m->msg);
		return PAM_SUCCESS;
	}
	q->puzzled = 1;
	return PAM_CONV_ERR;
}

static void discard(struct pam_response *r, int n)
{
	for (int i = 0; i < n; i++)
		if (r[i].resp) {
			explicit_bzero(r[i].resp, strlen(r[i].resp));
			free(r[i].resp);
		}
	free(r);
}

static int converse(int n, const struct pam_message **m, struct pam_response **answers, void *data)
{
	struct inquiry *q = data;
	struct pam_response *r;

	*answers = NULL;
	if (n <= 0 || n > PAM_MAX_NUM_MSG || q->rounds++ >= MAX_ROUNDS) {
		q->puzzled = 1;
		return PAM_CONV_ERR;
	}
	if (!(r = calloc(n, sizeof *r)))
		return PAM_BUF_ERR;
	for (int i = 0; i < n; i++) {
		int status = reply(q, m[i], &r[i]);
		if (status != PAM_SUCCESS) {
			discard(r, n);
			return status;
		}
	}
	*answers = r;
	return PAM_SUCCESS;
}

#ifdef PAM_FAIL_DELAY
// Instead of sleeping on this thread.
static void note_delay(int status, unsigned microseconds, void *data)
{
	struct inquiry *q = data;

	if (status != PAM_SUCCESS && microseconds > q->delay)
		q->delay = microseconds;
}
#endif

static int start(struct inquiry *q, const struct pam_conv *conv, pam_handle_t **handle)
{
	if (!q->confdir)
		return pam_start(q->service, q->user, conv, handle);
#ifdef __linux__
	if (pam_start_confdir)
		return pam_start_confdir(q->service, q->user, conv, q->confdir, handle);
#endif
	return PAM_SYSTEM_ERR;
}

static int decide(struct inquiry *q, pam_handle_t *handle)
{
	int status = PAM_SUCCESS;

#ifdef PAM_FAIL_DELAY
	status = pam_set_item(handle, PAM_FAIL_DELAY, (const void *)note_delay);
#endif
	// An account without a password would take any.
	if (status == PAM_SUCCESS)
		status = pam_authenticate(handle, PAM_DISALLOW_NULL_AUTHTOK);
	if (status == PAM_SUCCESS && q->account)
		status = pam_acct_mgmt(handle, PAM_DISALLOW_NULL_AUTHTOK);
	return status;
}

void inquire(struct inquiry *q)
{
	struct pam_conv conv = {converse, q};
	pam_handle_t *handle = NULL;

	q->status = start(q, &conv, &handle);
	if (q->status == PAM_SUCCESS)
		q->status = decide(q, handle);
	const char *words = pam_strerror(handle, q->status);
	if (words)
		strncpy(q->words, words, sizeof q->words - 1);
	if (handle)
		pam_end(handle, q->status);
}

int shield(int fds[2])
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0)
		return errno;
	for (int fd = 0; fd < 2; fd++)
		if ((fds[fd] = fcntl(fd, F_DUPFD_CLOEXEC, 3)) < 0)
			return errno;
	if (dup2(null, 0) < 0 || dup2(2, 1) < 0)
		return errno;
	if (null > 2)
		close(null);
	return 0;
}
