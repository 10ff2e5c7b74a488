// A PAM module that behaves in the way that its argument says. The tests build it.

#define PAM_SM_AUTH
#include <security/pam_modules.h>
#include <security/pam_appl.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// ask has the application answer n messages at once, and returns what it says.
static int ask(pam_handle_t *h, int n, const struct pam_message *m, struct pam_response **r)
{
	const struct pam_conv *conv;
	const struct pam_message *list[n > 0 ? n : 1];

	*r = NULL;
	if (pam_get_item(h, PAM_CONV, (const void **)&conv) != PAM_SUCCESS)
		return PAM_ABORT;
	for (int i = 0; i < n; i++)
		list[i] = m + i;
	return conv->conv(n, list, r, conv->appdata_ptr);
}

static int is(const struct pam_response *r, const char *want) { return r->resp && !strcmp(r->resp, want); }

// once asks a single question and compares the answer.
static int once(pam_handle_t *h, int style, const char *text, const char *want)
{
	struct pam_message m = {style, text};
	struct pam_response *r;
	int status = ask(h, 1, &m, &r);

	if (status != PAM_SUCCESS)
		return PAM_AUTH_ERR; // as if the user were to blame
	return !want || is(r, want) ? PAM_SUCCESS : PAM_AUTH_ERR;
}

static int together(pam_handle_t *h)
{
	struct pam_message m[] = {
		{PAM_TEXT_INFO, "please wait"}, {PAM_PROMPT_ECHO_ON, "login: "}, {PAM_PROMPT_ECHO_OFF, "password: "},
		{PAM_ERROR_MSG, "too late"}, {PAM_TEXT_INFO, NULL}, {PAM_TEXT_INFO, ""}};
	struct pam_response *r;

	if (ask(h, 6, m, &r) != PAM_SUCCESS)
		return PAM_CONV_ERR;
	if (r[0].resp || r[3].resp || r[4].resp || r[5].resp)
		return PAM_SYSTEM_ERR;
	return is(&r[1], "alice") && is(&r[2], "secret") ? PAM_SUCCESS : PAM_AUTH_ERR;
}

static int for_ever(pam_handle_t *h)
{
	for (;;)
		if (once(h, PAM_PROMPT_ECHO_OFF, "password: ", NULL) != PAM_SUCCESS)
			return PAM_AUTH_ERR;
}

static int many(pam_handle_t *h, int n)
{
	struct pam_message m[PAM_MAX_NUM_MSG + 1];
	struct pam_response *r;

	for (int i = 0; i <= PAM_MAX_NUM_MSG; i++)
		m[i] = (struct pam_message){PAM_PROMPT_ECHO_OFF, "?"};
	return ask(h, n, m, &r) == PAM_SUCCESS && r ? PAM_SUCCESS : PAM_AUTH_ERR;
}

static int talk(pam_handle_t *h)
{
	char long_text[3000];

	memset(long_text, 'x', sizeof long_text - 1);
	long_text[sizeof long_text - 1] = 0;
	for (int i = 0; i < 10; i++)
		if (once(h, PAM_TEXT_INFO, i % 2 ? long_text : "short", NULL) != PAM_SUCCESS)
			return PAM_CONV_ERR;
	return PAM_SUCCESS;
}

PAM_EXTERN int pam_sm_authenticate(pam_handle_t *h, int flags, int argc, const char **argv)
{
	const char *how = argc > 0 ? argv[0] : "";

	if (!(flags & PAM_DISALLOW_NULL_AUTHTOK))
		return PAM_SYSTEM_ERR;
	if (!strcmp(how, "noisy"))
		return write(1, "intruder\n", 9) == 9 ? PAM_SUCCESS : PAM_SYSTEM_ERR;
	if (!strcmp(how, "together"))
		return together(h);
	if (!strcmp(how, "echo_on"))
		return once(h, PAM_PROMPT_ECHO_ON, "login: ", "alice");
	if (!strcmp(how, "tells"))
		return once(h, PAM_ERROR_MSG, "you typed secret", NULL) == PAM_SUCCESS ? PAM_AUTH_ERR : PAM_CONV_ERR;
	if (!strcmp(how, "binary"))
		return once(h, PAM_BINARY_PROMPT, "\0\0\0\5\1", NULL);
	if (!strcmp(how, "radio"))
		return once(h, PAM_RADIO_TYPE, "yes or no?", NULL);
	if (!strcmp(how, "for_ever"))
		return for_ever(h);
	if (!strcmp(how, "most"))
		return many(h, PAM_MAX_NUM_MSG);
	if (!strcmp(how, "too_many"))
		return many(h, PAM_MAX_NUM_MSG + 1);
	if (!strcmp(how, "none"))
		return many(h, 0);
	if (!strcmp(how, "talk"))
		return talk(h);
	return PAM_ABORT;
}

PAM_EXTERN int pam_sm_setcred(pam_handle_t *h, int flags, int argc, const char **argv) { return PAM_SUCCESS; }
