#include "command.h"
#include "common/clock.h"
#include "common/log.h"
#include "count.h"
#include <stdio.h>
#include <unistd.h>

static void show_progress(int64_t done, int64_t all)
{
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r%lld of %lld ballots", (long long)done,
			(long long)all);
}

static void clear_progress(void)
{
	if (isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
}

static int record_destroyed(const struct config *config, struct store *store,
	const struct wave *w, const char *by)
{
	if (!command_note(
		    config, "count", AUDIT_CHANGED, w->name, "recovery key destroyed"))
		return PROGRAM_FAILED;
	enum err e = store_begin(store);
	if (e == OK)
		e = store_end(store, store_wave_destroyed_tx(store, w->number, by));
	if (e)
		return command_store_failed("count", e);
	printf("recorded: %s destroyed the recovery key of wave %s\n", by, w->name);
	return PROGRAM_DONE;
}

/* The second half, which may be run again until it is through. */
static int burn(const struct config *config, struct store *store, const struct wave *w,
	const char *destroyed_by)
{
	auto_(free) char *key_file = config_wave_key(config, w->name);
	struct why why;
	if (count_burn(store, w, key_file, &why) != OK)
		return program_failed("count", &why);
	printf("wave %s is counted; ballots, invitations and the private key are erased\n",
		w->name);
	if (destroyed_by)
		return record_destroyed(config, store, w, destroyed_by);
	if (w->custody == CUSTODY_PAPER)
		printf("Now destroy every copy of the recovery key, and record who did:\n"
		       "  survey-server -c FILE count --wave %s --destroyed-by NAME\n",
			w->name);
	return PROGRAM_DONE;
}

static void print_sums(const struct count_sums *s)
{
	printf("%lld ballots: %lld answers, %lld break-offs, %lld damaged\n",
		(long long)s->ballots, (long long)s->answered, (long long)s->break_off,
		(long long)s->damaged);
}

/* From a closed wave to a stored release. */
static int count_closed(const struct config *config, struct store *store, struct wave *w,
	const char *recovery, bool check)
{
	auto_(json) struct json *release = NULL;
	auto_(buf) struct buf text = { 0 };
	struct count_sums sums;
	struct why why;
	uint8_t key[32];
	enum err e = command_read_key(config, w, recovery, key, &why);
	if (e == OK)
		e = count_run(store, w, key, show_progress, &release, &sums, &why);
	secret_wipe(key, sizeof key);
	clear_progress();
	if (e == OK && !check)
		e = count_store(store, w, release, &sums, clock_day(clock_now()), &why);
	if (e)
		return program_failed("count", &why);
	json_print(release, false, &text);
	if (check)
		printf("the count passes; the release would have %zu bytes; nothing was changed\n",
			text.len);
	print_sums(&sums);
	return PROGRAM_DONE;
}

int command_count(const struct config *config, int argc, char **argv)
{
	const char *id = NULL, *recovery = NULL, *destroyed_by = NULL;
	bool check = false;
	const struct option_row rows[] = { { "wave", &id, NULL, true },
		{ "check", NULL, &check, false }, { "recovery", &recovery, NULL, false },
		{ "destroyed-by", &destroyed_by, NULL, false } };
	auto_(store) struct store *store = NULL;
	struct wave w;
	if (!options_read("count", ROWS(rows), argc, argv, NULL, 0))
		return PROGRAM_USAGE;
	if (!command_open_wave(config, "count", id, &store, &w))
		return PROGRAM_FAILED;
	if (w.state == WAVE_COUNTED || w.state == WAVE_PUBLISHED) {
		if (destroyed_by)
			return record_destroyed(config, store, &w, destroyed_by);
		log_error(
			"count: wave %s is counted already; a wave is counted once", id);
		return PROGRAM_FAILED;
	}
	if (w.state == WAVE_BURNING && !check)
		return burn(config, store, &w, destroyed_by);
	if (wave_phase(&w, clock_day(clock_now())) != WAVE_CLOSED) {
		log_error(
			"count: wave %s is %s: `survey-server wave close --id %s` ends it",
			id, wave_phase_word(wave_phase(&w, clock_day(clock_now()))), id);
		return PROGRAM_FAILED;
	}
	if (!command_note(config, "count", AUDIT_CHANGED, id,
		    check ? "count tried" : "counted"))
		return PROGRAM_FAILED;
	/* From here no answer gets in, whatever the clock says. */
	if (w.state != WAVE_CLOSED && !check) {
		enum err e = command_set_state(store, &w, w.state, WAVE_CLOSED);
		if (e)
			return command_store_failed("count", e);
	}
	int status = count_closed(config, store, &w, recovery, check);
	return status || check ? status : burn(config, store, &w, destroyed_by);
}
