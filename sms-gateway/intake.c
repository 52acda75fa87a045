#include "common/file.h"
#include "sms-gateway/groups.h"
#include "sms-gateway/intake_inside.h"
#include "sms-gateway/stores.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What the folders of the configuration have. */

static enum err read_set(
	struct intake *i, const char *code, struct valueset *ret_set, struct why *why)
{
	return valueset_read_any(i->arena, i->config->values, code, ret_set, why);
}

static enum err read_rules(struct intake *i, struct why *why)
{
	const char *file = NULL;
	if (*i->config->rules)
		file = arena_format(
			i->arena, "%s/%s.ini", i->config->rules, i->wave->wave);
	if (file && access(file, F_OK) != 0)
		file = NULL;
	i->result.own_rules = file != NULL;
	return rules_read(i->arena, file, &i->rules, why);
}

static enum err read_mappings(struct intake *i, struct why *why)
{
	const char **names;
	size_t count = 0;
	const char *wanted = i->order->mapping;
	if (!*i->config->mappings)
		return wanted ? err_why(why, ERR_INPUT,
					"%s: [import] mappings names no folder", wanted)
			      : OK;
	enum err e =
		file_list(i->arena, i->config->mappings, ".ini", &names, &count, why);
	i->mappings = mem_alloc((count + 1) * sizeof *i->mappings);
	for (size_t n = 0; n < count && e == OK; n++) {
		size_t stem = strlen(names[n]) - strlen(".ini");
		if (wanted &&
			(strlen(wanted) != stem || memcmp(wanted, names[n], stem) != 0))
			continue;
		const char *file =
			arena_format(i->arena, "%s/%s", i->config->mappings, names[n]);
		e = mapping_read(file, &i->mappings[i->mapping_count], why);
		i->mapping_count += e == OK;
	}
	if (e == OK && wanted && !i->mapping_count)
		e = err_why(why, ERR_NOT_FOUND, "%s/%s.ini: there is no such mapping",
			i->config->mappings, wanted);
	return e;
}

static enum err prepare(struct intake *i, struct why *why)
{
	enum err e = intake_check_names(i->order->administration, i->order->wave, why);
	if (e == OK)
		e = read_rules(i, why);
	if (e == OK)
		e = read_mappings(i, why);
	i->sets = arena_alloc(i->arena, i->wave->count * sizeof *i->sets);
	i->groups = arena_alloc(i->arena, i->wave->table_count * sizeof *i->groups);
	for (size_t t = 0; t < i->wave->table_count; t++)
		i->groups[t] = arena_alloc(i->arena,
			groups_count(i->wave, &i->wave->tables[t]) * sizeof(long));
	for (size_t n = 0; n < i->wave->count && e == OK; n++)
		e = read_set(i, i->wave->variables[n].code, &i->sets[n], why);
	if (e == OK)
		e = read_set(i, "ground", &i->grounds, why);
	if (e == OK)
		e = read_set(i, "measure", &i->measures, why);
	i->setup = (struct roster_setup){
		.wave = i->wave,
		.administration = i->order->administration,
		.rules = &i->rules,
		.sets = i->sets,
		.grounds = &i->grounds,
		.measures = &i->measures,
		.mappings = i->mappings,
		.mapping_count = i->mapping_count,
		.mapping_named = i->order->mapping != NULL,
		.today = clock_day(clock_now()),
	};
	return e == OK ? roster_create(&i->setup, &i->roster, why) : e;
}

/* The rows. */

struct watched {
	struct rows_reader reader;
	struct intake *intake;
	size_t rows;
};

void intake_tell(const struct intake *i, unsigned done)
{
	if (i->order->progress)
		i->order->progress(i->order->context, done);
}

static enum err watch_header(
	void *context, const char *const *names, size_t count, struct why *why)
{
	struct watched *w = context;
	return w->reader.header(w->reader.context, names, count, why);
}

static enum err watch_row(void *context, const struct rows_row *row)
{
	struct watched *w = context;
	/* Half of the work is storing. */
	if (++w->rows % INTAKE_PROGRESS == 0)
		intake_tell(w->intake, row->done / 2);
	return w->reader.row(w->reader.context, row);
}

static enum err read_file(struct intake *i, const char *data, size_t len, struct why *why)
{
	struct why reason;
	struct watched w = { roster_reader(i->roster), i, 0 };
	struct rows_reader reader = { watch_header, watch_row, &w };
	enum err e = rows_read(data, len, &reader, &i->result.about, &reason);
	if (e != OK)
		return err_why(why, e, "%s: %s", i->order->name, reason.text);
	const struct mapping *m = roster_mapping(i->roster);
	i->result.mapping = m ? mapping_name(m) : NULL;
	i->result.missing = roster_missing(i->roster);
	i->result.unread = roster_unread(i->roster);
	i->entries = roster_entries(i->roster, &i->count);
	i->result.rows = i->count;
	if (i->order->read)
		i->order->read(i->order->context);
	return i->count ? OK
			: err_why(why, ERR_INPUT,
				  "%s: filen har inga rader efter rubrikraden",
				  i->order->name);
}

/* Against what is stored, under the lock; in a dry run without store or lock. */
static enum err settle(struct intake *i)
{
	enum err e = i->store ? intake_read_stored(i) : OK;
	if (e == OK)
		e = intake_weigh(i);
	if (e != OK)
		return e;
	intake_count_rows(i);
	e = intake_count_groups(i);
	if (e == OK && i->frame.begun)
		return intake_hold_some(i);
	if (e == OK)
		e = intake_read_left_out(i);
	if (e != OK)
		return e;
	intake_compare(i);
	if (i->result.same || i->order->dry_run)
		return OK;
	i->nobody = !i->result.reasons[REASON_NONE] && i->old_count;
	return i->nobody ? ERR_INPUT : intake_replace(i);
}

static const char *name_of_administration(const struct intake *i)
{
	const struct survey_variable *v =
		&i->wave->variables[survey_variable_find(i->wave, "administration")];
	return v->values[survey_value_find(v, i->order->administration)].name;
}

static uint32_t chance(const void *context, const char *person, uint32_t bound)
{
	return keyring_chance(context, person, bound);
}

static void weigh_rows(struct intake *i)
{
	roster_settle(i->roster, chance, &i->keys);
	intake_list_persons(i);
}

static enum err nothing_stored(struct intake *i, enum err e, struct why *why)
{
	if (i->nobody)
		return err_why(why, e,
			"%s: ingen rad går att använda; det som lästes in förut är kvar. "
			"En provkörning (--dry-run) visar varför",
			i->order->name);
	return err_why(why, e, "nothing was stored: %s",
		i->store ? store_reason(i->store, e) : err_text(e));
}

/* A key that is lost must not be made anew while something rests on it: nobody would be
 * known again, and those who have refused would be asked once more. */
static enum err load_keys(struct intake *i, struct why *why)
{
	const char *keys = i->config->keys;
	const char *administration = i->order->administration;
	bool refusals = false;
	enum err e = store_any_refusal(i->store, &refusals);
	if (e == OK)
		e = store_frame(i->store, i->order->wave, &i->frame);
	if (e != OK)
		return nothing_stored(i, e, why);
	e = keyring_wave_load(keys, administration, i->order->wave, &i->keys, why);
	if (e == ERR_NOT_FOUND && !i->frame.persons) {
		keyring_wave_random(&i->keys);
		e = OK;
	}
	if (e != OK)
		return e;
	e = keyring_refusal_load(keys, administration, &i->refusal, why);
	return e == ERR_NOT_FOUND && !refusals && !i->frame.persons ? OK : e;
}

static enum err ensure_keys(struct intake *i, struct why *why)
{
	const char *keys = i->config->keys;
	const char *administration = i->order->administration;
	enum err e = load_keys(i, why);
	if (e == OK)
		e = keyring_wave_ensure(
			keys, administration, i->order->wave, &i->keys, why);
	if (e == OK)
		e = keyring_refusal_ensure(keys, administration, &i->refusal, why);
	return e;
}

/* All or nothing; the keys are made under the same lock, so that two imports never make
 * two. */
static enum err keep(struct intake *i, struct why *why)
{
	enum err e = i->order->note ? i->order->note(i->order->context, why) : OK;
	if (e == OK)
		e = store_open(
			i->config->state, i->order->administration, &i->store, why);
	if (e != OK)
		return e;
	e = store_begin(i->store);
	if (e != OK)
		return nothing_stored(i, e, why);
	e = ensure_keys(i, why);
	if (e != OK)
		return store_end(i->store, e);
	weigh_rows(i);
	e = store_wave_put_tx(
		i->store, i->order->wave, i->wave->title, name_of_administration(i));
	if (e == OK)
		e = settle(i);
	e = store_end(i->store, e);
	if (e != OK)
		return nothing_stored(i, e, why);
	/* A reader in the way is no fault: the gateway's own commits copy the rest. */
	(void)store_checkpoint(i->store);
	return OK;
}

/* What an import would find. */
static enum err look(struct intake *i, struct why *why)
{
	const char *administration = i->order->administration;
	enum err e = OK;
	if (store_exists(i->config->state, administration))
		e = store_open(i->config->state, administration, &i->store, why);
	else
		keyring_wave_random(&i->keys);
	if (e == OK && i->store)
		e = load_keys(i, why);
	if (e != OK)
		return e;
	weigh_rows(i);
	e = settle(i);
	return e == OK ? OK : nothing_stored(i, e, why);
}

enum err intake_check_names(const char *administration, const char *wave, struct why *why)
{
	if (!stores_name_is_right(administration))
		return err_why(why, ERR_INPUT,
			"%s: not the short name of an administration (a-z, 0-9 and -)",
			administration);
	/* KEYS/ADMINISTRATION.refusal.key is something else. */
	if (!stores_name_is_right(wave) || strcmp(wave, "refusal") == 0)
		return err_why(why, ERR_INPUT,
			"%s: not the name of a wave (a-z, 0-9 and -)", wave);
	return OK;
}

enum err intake_run(const struct config *c, const struct survey_wave *wave,
	const struct intake_order *order, const char *data, size_t len,
	struct intake **ret_intake, struct why *why)
{
	struct intake *i = mem_alloc(sizeof *i);
	i->config = c;
	i->wave = wave;
	i->order = order;
	i->arena = arena_create();
	enum err e = prepare(i, why);
	if (e == OK)
		e = read_file(i, data, len, why);
	if (e == OK)
		e = order->dry_run ? look(i, why) : keep(i, why);
	if (e != OK) {
		intake_destroy(i);
		return e;
	}
	*ret_intake = i;
	return OK;
}

void intake_destroy(struct intake *i)
{
	if (!i)
		return;
	store_close(i->store);
	roster_destroy(i->roster);
	for (size_t n = 0; n < i->old_count; n++)
		buf_clear(&i->olds[n].details);
	for (size_t n = 0; n < i->mapping_count; n++)
		mapping_destroy(i->mappings[n]);
	free(i->mappings);
	free(i->persons);
	free(i->olds);
	free(i->decisions);
	free(i->vanished);
	arena_destroy(i->arena);
	secret_wipe(i, sizeof *i);
	free(i);
}

const struct intake_result *intake_result(const struct intake *i)
{
	return &i->result;
}

const struct roster_entry *intake_entries(const struct intake *i, size_t *ret_count)
{
	*ret_count = i->count;
	return i->entries;
}

const long *const *intake_groups(const struct intake *i)
{
	return (const long *const *)i->groups;
}
