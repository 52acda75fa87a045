#include "sms-gateway/intake_report.h"
#include "common/sheet.h"

enum { LINES_SHOWN = 300 };

static size_t total(const size_t *counts, size_t from, size_t to)
{
	size_t sum = 0;
	for (size_t n = from; n < to; n++)
		sum += counts[n];
	return sum;
}

static void frame_text(const struct intake_result *r, struct buf *out)
{
	buf_format(out, "\n%7zu rader i filen\n%7zu personer tas med\n", r->rows,
		r->reasons[REASON_NONE]);
	buf_format(out,
		"%7zu nås med SMS\n%7zu kan bara ringas\n%7zu nås bara med brev\n",
		r->sms, r->call, r->neither);
	buf_format(out, "%7zu personer lämnas utanför\n",
		total(r->left_out, REASON_NONE + 1, REASON_COUNT));
	if (r->before && !r->begun)
		buf_format(out,
			"\nMot förra filen: %zu nya, %zu ändrade, %zu oförändrade, %zu saknas "
			"nu.\n",
			r->added, r->changed, r->unchanged, r->vanished);
}

static void lines_text(const struct intake *i, struct buf *out)
{
	size_t count, shown = 0, left = 0;
	const struct roster_entry *entries = intake_entries(i, &count);
	for (size_t n = 0; n < count; n++) {
		enum reason reason = (enum reason)entries[n].reason;
		if (reason == REASON_NONE)
			continue;
		if (shown == LINES_SHOWN) {
			left++;
			continue;
		}
		if (!shown++)
			buf_text(out, "\n    Rad  Orsak\n");
		buf_format(out, "%7u  %s\n", entries[n].line, reason_words(reason));
	}
	if (left)
		buf_format(
			out, "    … och %zu rader till; --report FIL visar alla\n", left);
}

static void counts_text(const struct intake_result *r, struct buf *out)
{
	if (total(r->left_out, REASON_NONE + 1, REASON_COUNT))
		buf_text(out, "\nPersoner  Lämnas utanför\n");
	for (int n = REASON_NONE + 1; n < REASON_COUNT; n++)
		if (r->left_out[n])
			buf_format(out, "%8zu  %s\n", r->left_out[n],
				reason_words((enum reason)n));
	if (total(r->marks, 0, MARK_COUNT))
		buf_text(out, "\nPersoner  Tas med, men\n");
	for (unsigned n = 0; n < MARK_COUNT; n++)
		if (r->marks[n])
			buf_format(out, "%8zu  %s\n", r->marks[n],
				mark_words((enum mark)(1U << n)));
}

static void notes_text(const struct intake_result *r, bool dry_run, struct buf *out)
{
	if (*r->missing)
		buf_format(out,
			"\nObs: filen saknar %s. Regler som bygger på dem är inte prövade.\n",
			r->missing);
	if (*r->unread)
		buf_format(out, "\nKolumner som inte läses: %s.\n", r->unread);
	if (r->begun)
		buf_text(out,
			"\nObs: utskicket har börjat. Bara nya nej och nya skydd räknas nu.\n");
	if (r->stopped)
		buf_format(out, "\nObs: %zu personer får inget mer.\n", r->stopped);
	if (r->held)
		buf_format(out,
			"\nObs: %zu personer väntar på samordnarens beslut och får inget förrän dess.\n",
			r->held);
	if (r->replaced)
		buf_format(out,
			"\nObs: urval och planerade utskick för förvaltningen %s.\n",
			dry_run ? "skulle inte gälla längre"
				: "gäller inte längre. Gör dem igen");
	if (r->same)
		buf_text(out, "\nInget är ändrat.\n");
}

void intake_report_text(const struct intake *i, bool dry_run, struct buf *out)
{
	const struct intake_result *r = intake_result(i);
	buf_format(out, "%s%s%s%s%s\n", dry_run ? "Provkörning, inget sparas. " : "",
		r->about.text, r->mapping ? ", mappning " : "",
		r->mapping ? r->mapping : "",
		r->own_rules ? ", omgångens egna regler" : "");
	frame_text(r, out);
	lines_text(i, out);
	counts_text(r, out);
	notes_text(r, dry_run, out);
}

static const char *outcome(enum reason r)
{
	return r == REASON_NONE       ? "tas med"
	       : reason_leaves_out(r) ? "lämnas utanför"
				      : "annan rad används";
}

static void csv_line(const struct roster_entry *entry, struct buf *out)
{
	enum reason reason = (enum reason)entry->reason;
	auto_(buf) struct buf marks = { 0 };
	buf_format(out, "%u;", entry->line);
	sheet_text(out, outcome(reason));
	buf_text(out, ";");
	sheet_text(out, reason == REASON_NONE ? "" : reason_words(reason));
	buf_text(out, ";");
	for (unsigned n = 0; n < MARK_COUNT && reason == REASON_NONE; n++)
		if (entry->marks >> n & 1)
			buf_format(&marks, "%s%s", marks.len ? "; " : "",
				mark_words((enum mark)(1U << n)));
	sheet_text(out, buf_string(&marks));
	buf_text(out, "\r\n");
}

void intake_report_csv(const struct intake *i, struct buf *out)
{
	size_t count;
	const struct roster_entry *entries = intake_entries(i, &count);
	buf_text(out, "\xef\xbb\xbfrad;utfall;orsak;anmärkning\r\n");
	for (size_t n = 0; n < count; n++)
		csv_line(&entries[n], out);
}
