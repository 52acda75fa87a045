#include "sms-gateway/preview.h"
#include "common/disclosure.h"
#include "common/mem.h"

static enum preview_fate fate_of(
	const struct preview_cell *cell, enum disclosure_place place, bool full)
{
	if (cell->persons == 0)
		return PREVIEW_EMPTY;
	switch (place) {
	case DISCLOSURE_HIDDEN:
		return PREVIEW_NEVER;
	case DISCLOSURE_REST:
		return PREVIEW_MERGED;
	case DISCLOSURE_SHOWN:
		return full ? PREVIEW_FULL : PREVIEW_BRIEF;
	}
	return PREVIEW_NEVER;
}

void preview_decide(struct preview_cell *cells, size_t count, unsigned per_cent)
{
	struct disclosure_child *children = mem_alloc(count * sizeof *children);
	enum disclosure_place *places = mem_alloc(count * sizeof *places);
	for (size_t i = 0; i < count; i++) {
		cells[i].answers = cells[i].persons * (long)per_cent / 100;
		children[i] = (struct disclosure_child){ .exists = cells[i].persons > 0,
			.kinds = 1,
			.counts = { cells[i].answers } };
	}
	bool full = disclosure_decide(children, count, places).full;
	for (size_t i = 0; i < count; i++)
		cells[i].fate = fate_of(&cells[i], places[i], full);
	free(places);
	free(children);
}
