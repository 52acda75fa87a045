#include "sms-gateway/init.h"
#include "common/log.h"
#include "sms-gateway/keyring.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static enum err make_folder(const char *folder, struct why *why)
{
	auto_(free) void *room = mem_text(folder);
	char *path = room;
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(path, 0700) != 0 && errno != EEXIST)
			return err_why(why, ERR_IO, "%s: %s", path, strerror(errno));
		*slash = '/';
	}
	if (mkdir(path, 0700) == 0)
		printf("made %s\n", path);
	else if (errno != EEXIST)
		return err_why(why, ERR_IO, "%s: %s", path, strerror(errno));
	return OK;
}

static enum err make_shared(const char *file, struct why *why)
{
	uint8_t key[SECRET_KEY];
	bool made;
	enum err e = secret_key_ensure(file, key, &made, why);
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
	if (e != OK)
		log_error("%s", why.text);
	return e == OK ? 0 : 1;
}
