#include "wave.h"
#include <string.h>

enum wave_state wave_phase(const struct wave *w, day today)
{
	if (w->state != WAVE_PLANNED && w->state != WAVE_OPEN)
		return w->state;
	if (w->state == WAVE_PLANNED && w->custody == CUSTODY_PAPER)
		return WAVE_PLANNED;
	if (today < w->opens)
		return WAVE_PLANNED;
	return today > w->closes ? WAVE_CLOSED : WAVE_OPEN;
}

const char *wave_phase_word(enum wave_state phase)
{
	switch (phase) {
	case WAVE_PLANNED:
		return "planned";
	case WAVE_OPEN:
		return "open";
	case WAVE_CLOSED:
		return "closed";
	case WAVE_BURNING:
		return "burning";
	case WAVE_COUNTED:
		return "counted";
	case WAVE_PUBLISHED:
		return "published";
	}
	return "unknown";
}

const char *wave_phase_swedish(enum wave_state phase)
{
	switch (phase) {
	case WAVE_PLANNED:
		return "planerad";
	case WAVE_OPEN:
		return "öppen";
	case WAVE_CLOSED:
		return "stängd";
	case WAVE_BURNING:
		return "räknad, gallring pågår";
	case WAVE_COUNTED:
		return "räknad";
	case WAVE_PUBLISHED:
		return "publicerad";
	}
	return "okänd";
}

bool wave_name_valid(const char *name)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
	size_t len = strlen(name);
	return len >= 1 && len <= WAVE_NAME && name[0] != '-' &&
	       strspn(name, allowed) == len;
}
