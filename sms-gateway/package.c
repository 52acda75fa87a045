#include "sms-gateway/package.h"
#include <minizip/unzip.h>
#include <stdint.h>
#include <string.h>

enum {
	NAME = 256,
	PIECE = 1 << 16,
	FLAG_ENCRYPTED = 1,
};

/* The archive's bytes as minizip's file. */
struct bytes {
	const char *data;
	size_t len;
	size_t at;
	bool ended; /* the last read wanted more than there is */
};

struct relation {
	const char *kind;
	const char *id;
	const char *part;
};

struct package {
	struct arena *arena;
	struct bytes bytes;
	unzFile zip;
	const char *main;
	const char *folder; /* that the relations being read are told from */
	struct relation relations[PACKAGE_PARTS_MAX];
	size_t count;
	size_t unpacked;
	struct xml *xml; /* the part that is being read */
	size_t part_unpacked;
	size_t part_len; /* as the archive says */
	enum err stopped;
	char piece[PIECE];
};

static void *bytes_open(void *context, const void *name, int mode)
{
	(void)name;
	(void)mode;
	return context;
}

static uLong bytes_read(void *context, void *stream, void *out, uLong size)
{
	(void)context;
	struct bytes *b = stream;
	size_t left = b->len - b->at;
	size_t len = size < left ? size : left;
	b->ended = size > left;
	memcpy(out, b->data + b->at, len);
	b->at += len;
	return len;
}

static ZPOS64_T bytes_tell(void *context, void *stream)
{
	(void)context;
	return ((struct bytes *)stream)->at;
}

static long bytes_seek(void *context, void *stream, ZPOS64_T offset, int origin)
{
	(void)context;
	struct bytes *b = stream;
	size_t from = origin == ZLIB_FILEFUNC_SEEK_SET   ? 0
		      : origin == ZLIB_FILEFUNC_SEEK_CUR ? b->at
							 : b->len;
	if (offset > b->len - from)
		return -1;
	b->at = from + offset;
	return 0;
}

static int bytes_close(void *context, void *stream)
{
	(void)context;
	(void)stream;
	return 0;
}

/* Without this, minizip takes what is beyond the end for zeros. */
static int bytes_error(void *context, void *stream)
{
	(void)context;
	return ((struct bytes *)stream)->ended;
}

static enum err damaged(struct why *why, const char *part, const char *reason)
{
	return err_why(why, ERR_INPUT,
		"filen är skadad (%s: %s); spara den på nytt som .xlsx och försök igen",
		part, reason);
}

static enum err no_workbook(struct why *why)
{
	return err_why(why, ERR_INPUT,
		"filen är ett zip-arkiv men ingen Excel-arbetsbok; spara tabellen som "
		".xlsx eller CSV (UTF-8) och försök igen");
}

/* Makes the part the archive's current file. ERR_NOT_FOUND leaves why alone. */
static enum err find(
	struct package *p, const char *part, unz_file_info64 *ret_info, struct why *why)
{
	unz64_file_pos at;
	bool found = false;
	int state = unzGoToFirstFile(p->zip);
	for (; state == UNZ_OK; state = unzGoToNextFile(p->zip)) {
		unz_file_info64 info;
		char name[NAME];
		if (unzGetCurrentFileInfo64(
			    p->zip, &info, name, sizeof name, NULL, 0, NULL, 0) != UNZ_OK)
			return damaged(why, part, "innehållsförteckningen är trasig");
		if (info.size_filename >= sizeof name || strcasecmp(name, part) != 0)
			continue;
		/* Which of them counts is read differently by different programs. */
		if (found)
			return damaged(why, part, "finns två gånger");
		found = true;
		*ret_info = info;
		if (unzGetFilePos64(p->zip, &at) != UNZ_OK)
			return damaged(why, part, "innehållsförteckningen är trasig");
	}
	if (state != UNZ_END_OF_LIST_OF_FILE)
		return damaged(why, part, "innehållsförteckningen är trasig");
	if (!found)
		return ERR_NOT_FOUND;
	return unzGoToFilePos64(p->zip, &at) == UNZ_OK
		       ? OK
		       : damaged(why, part, "innehållsförteckningen är trasig");
}

static enum err too_large(struct why *why)
{
	return err_why(why, ERR_INPUT,
		"filen packas upp till mer än %d MB; dela den i flera filer",
		PACKAGE_UNPACKED_MAX >> 20);
}

/* Reads the archive's current file, which is open. */
static enum err read_open(struct package *p, const char *part, struct why *why)
{
	struct why reason;
	int len;
	do {
		len = unzReadCurrentFile(p->zip, p->piece, sizeof p->piece);
		if (len < 0)
			return damaged(why, part, "går inte att packa upp");
		p->part_unpacked += (size_t)len;
		p->unpacked += (size_t)len;
		if (p->unpacked > PACKAGE_UNPACKED_MAX)
			return too_large(why);
		if (xml_feed(p->xml, p->piece, (size_t)len, len == 0, &reason) != OK)
			return p->stopped ? p->stopped : damaged(why, part, reason.text);
	} while (len);
	return OK;
}

enum err package_read(
	struct package *p, const char *part, const struct xml_reader *r, struct why *why)
{
	unz_file_info64 info;
	enum err e = find(p, part, &info, why);
	if (e != OK)
		return e == ERR_NOT_FOUND ? damaged(why, part, "saknas") : e;
	if (info.flag & FLAG_ENCRYPTED)
		return err_why(why, ERR_INPUT,
			"filen är skyddad med lösenord; spara den utan lösenord");
	if (unzOpenCurrentFile(p->zip) != UNZ_OK)
		return damaged(why, part, "går inte att packa upp");
	p->part_len = info.uncompressed_size;
	p->part_unpacked = 0;
	p->stopped = OK;
	p->xml = xml_create(r);
	e = read_open(p, part, why);
	xml_destroy(p->xml);
	p->xml = NULL;
	if (unzCloseCurrentFile(p->zip) != UNZ_OK && e == OK)
		return damaged(why, part, "kontrollsumman stämmer inte");
	return e;
}

void package_stop(struct package *p, enum err e)
{
	p->stopped = e;
	xml_stop(p->xml);
}

unsigned package_done(const struct package *p)
{
	return p->part_unpacked < p->part_len
		       ? (unsigned)(p->part_unpacked * 1000 / p->part_len)
		       : 1000;
}

/* Names of parts are paths of URIs. */
static bool is_part_name(const char *text)
{
	while (*text > ' ' && *text <= '~')
		text++;
	return !*text;
}

static void on_relation(void *context, const char *name, const char **attributes)
{
	struct package *p = context;
	const char *id = xml_attribute(attributes, "Id");
	const char *type = xml_attribute(attributes, "Type");
	const char *target = xml_attribute(attributes, "Target");
	if (strcmp(xml_local(name), "Relationship") != 0 || !id || !type || !target ||
		strlen(id) >= NAME || strlen(type) >= NAME || strlen(target) >= NAME ||
		!is_part_name(target) || p->count == PACKAGE_PARTS_MAX)
		return;
	/* The old and the strict standard have names that differ before the last slash.
	 */
	const char *slash = strrchr(type, '/');
	const char *kind = slash ? slash + 1 : type;
	p->relations[p->count++] = (struct relation){
		.kind = arena_text(p->arena, kind, strlen(kind)),
		.id = arena_text(p->arena, id, strlen(id)),
		.part = *target == '/'
				? arena_text(p->arena, target + 1, strlen(target) - 1)
				: arena_format(p->arena, "%s%s", p->folder, target),
	};
}

enum err package_relations(struct package *p, const char *part, struct why *why)
{
	const struct xml_reader reader = {
		.what = "part", .start = on_relation, .context = p
	};
	const char *slash = strrchr(part, '/');
	const char *file = slash ? slash + 1 : part;
	p->folder = arena_text(p->arena, part, (size_t)(file - part));
	p->count = 0;
	return package_read(p, arena_format(p->arena, "%s_rels/%s.rels", p->folder, file),
		&reader, why);
}

const char *package_related(const struct package *p, const char *relation, const char *id)
{
	for (size_t i = 0; i < p->count; i++)
		if (strcmp(p->relations[i].kind, relation) == 0 &&
			(!id || strcmp(p->relations[i].id, id) == 0))
			return p->relations[i].part;
	return NULL;
}

bool package_looks_so(const char *data, size_t len)
{
	return len >= 4 && memcmp(data, "PK\003\004", 4) == 0;
}

static enum err open_zip(struct package *p, struct why *why)
{
	zlib_filefunc64_def functions = {
		.zopen64_file = bytes_open,
		.zread_file = bytes_read,
		.ztell64_file = bytes_tell,
		.zseek64_file = bytes_seek,
		.zclose_file = bytes_close,
		.zerror_file = bytes_error,
		.opaque = &p->bytes,
	};
	unz_global_info64 about;
	p->zip = unzOpen2_64("", &functions);
	if (!p->zip || unzGetGlobalInfo64(p->zip, &about) != UNZ_OK)
		return damaged(why, "arkivet", "slutet saknas");
	if (about.number_entry > PACKAGE_PARTS_MAX)
		return err_why(why, ERR_INPUT,
			"filen är ett arkiv med fler än %d delar, inte en tabell",
			PACKAGE_PARTS_MAX);
	return OK;
}

static enum err find_main(struct package *p, struct why *why)
{
	unz_file_info64 info;
	enum err e = find(p, "_rels/.rels", &info, why);
	if (e == OK)
		e = package_relations(p, "", why);
	if (e == OK)
		p->main = package_related(p, "officeDocument", NULL);
	return e == ERR_NOT_FOUND || (e == OK && !p->main) ? no_workbook(why) : e;
}

enum err package_open(
	const char *data, size_t len, struct package **ret_package, struct why *why)
{
	struct package *p = mem_alloc(sizeof *p);
	p->arena = arena_create();
	p->bytes = (struct bytes){ .data = data, .len = len };
	enum err e = open_zip(p, why);
	if (e == OK)
		e = find_main(p, why);
	if (e != OK) {
		package_close(p);
		return e;
	}
	*ret_package = p;
	return OK;
}

void package_close(struct package *p)
{
	if (!p)
		return;
	if (p->zip)
		(void)unzClose(p->zip);
	arena_destroy(p->arena);
	explicit_bzero(p->piece, sizeof p->piece);
	free(p);
}

const char *package_main(const struct package *p)
{
	return p->main;
}
