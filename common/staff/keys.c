#include "keys.h"
#include "accounts.h"
#include "common/file.h"
#include <unistd.h>

static char *key_file(const char *keys)
{
	return file_path(keys, "staff.key");
}

char *staff_folder(const char *state)
{
	return file_path(state, "staff");
}

/* A new key would fit none of the accounts, nor the log. */
static enum err make_key(
	const char *folder, const char *keys, bool *ret_made, struct why *why)
{
	uint8_t key[SECRET_KEY];
	auto_(free) char *file = key_file(keys);
	auto_(free) char *database = file_path(folder, "accounts.db");
	if (access(file, F_OK) != 0 && access(database, F_OK) == 0)
		return err_why(why, ERR_CONFLICT,
			"%s: is missing, but %s is there: put the key back from a backup, "
			"or remove that folder and make all accounts anew",
			file, folder);
	enum err e = secret_key_ensure(file, key, ret_made, why);
	secret_wipe(key, sizeof key);
	return e;
}

enum err staff_init(const char *state, const char *keys, bool *ret_made, struct why *why)
{
	auto_(free) char *folder = staff_folder(state);
	auto_(accounts) struct accounts *accounts = NULL;
	bool made;
	enum err e = file_make_folder(folder, &made, why);
	if (e == OK)
		e = make_key(folder, keys, ret_made, why);
	return e ? e : accounts_open(folder, &accounts, why);
}

static void derive(const uint8_t key[static SECRET_KEY], const char *info,
	uint8_t out[static SECRET_KEY])
{
	secret_hkdf("", 0, key, SECRET_KEY, info, out, SECRET_KEY);
}

enum err staff_keys_load(const char *keys, struct staff_keys *ret_keys, struct why *why)
{
	uint8_t key[SECRET_KEY];
	auto_(free) char *file = key_file(keys);
	enum err e = secret_key_load(file, key, why);
	if (e != OK)
		return e;
	derive(key, "brukarenkat staff totp", ret_keys->totp);
	derive(key, "brukarenkat staff recovery", ret_keys->recovery);
	derive(key, "brukarenkat staff audit", ret_keys->audit);
	derive(key, "brukarenkat staff device", ret_keys->device);
	derive(key, "brukarenkat staff csrf", ret_keys->csrf);
	derive(key, "brukarenkat staff oidc", ret_keys->oidc);
	secret_wipe(key, sizeof key);
	return OK;
}
