#include "sms-gateway/init.h"
#include "common/file.h"
#include "common/log.h"
#include "common/staff/keys.h"
#include "sms-gateway/keyring.h"
#include <stdio.h>

static enum err make_folder(const char *folder, struct why *why)
{
	bool made;
	enum err e = file_make_folder(folder, &made, why);
	if (e == OK && made)
		printf("made %s\n", folder);
	return e;
}

static enum err make_shared(const char *file, struct why *why)
{
	uint8_t key[SECRET_KEY];
	bool made;
	enum err e = file_make_folder_of(file, why);
	if (e != OK)
		return e;
	e = secret_key_ensure(file, key, &made, why);
	secret_wipe(key, sizeof key);
	if (e == OK && made)
		printf("made %s (survey-server needs the same file)\n", file);
	return e;
}

int init_run(const struct config *c)
{
	struct why why;
	bool made = false;
	enum err e = make_folder(c->state, &why);
	if (e == OK)
		e = make_folder(c->keys, &why);
	if (e == OK)
		e = make_shared(c->invitation, &why);
	if (e == OK)
		e = make_shared(c->internal, &why);
	if (e == OK)
		e = keyring_webhook_ensure(c->keys, &made, &why);
	if (made)
		printf("made %s/webhook.key\n", c->keys);
	made = false;
	if (e == OK)
		e = staff_init(c->state, c->keys, &made, &why);
	if (made)
		printf("made %s/staff.key\n", c->keys);
	if (e != OK)
		log_error("%s", why.text);
	return e == OK ? 0 : 1;
}
