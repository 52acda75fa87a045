#include "qr.h"
#include "common/html.h"
#include <errno.h>
#include <qrencode.h>
#include <stdbool.h>
#include <stdlib.h>

enum { QUIET = 4 };

/* The black modules: a rectangle for each run in a row. */
static void add_path(const QRcode *code, struct buf *out)
{
	for (int y = 0; y < code->width; y++) {
		const unsigned char *row = code->data + y * code->width;
		for (int x = 0, end; x < code->width; x = end) {
			bool black = row[x] & 1;
			for (end = x; end < code->width && (row[end] & 1) == black;)
				end++;
			if (black)
				buf_format(out, "M%d %dh%dv1h-%dz", x + QUIET, y + QUIET,
					end - x, end - x);
		}
	}
}

enum err qr_svg(const char *text, const char *label, struct buf *out)
{
	QRcode *code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_M);
	if (!code && errno == ENOMEM)
		abort();
	if (!code)
		return ERR_INPUT;
	int size = code->width + 2 * QUIET;
	html_around(out, "<svg class=\"qr\" role=\"img\" aria-label=\"", label, "\"");
	/* The colours stand here: a dark page must not turn them, scanners would fail. */
	buf_format(out,
		" viewBox=\"0 0 %d %d\" shape-rendering=\"crispEdges\">"
		"<rect fill=\"#fff\" width=\"%d\" height=\"%d\"/><path fill=\"#000\" d=\"",
		size, size, size, size);
	add_path(code, out);
	html_raw(out, "\"/></svg>\n");
	QRcode_free(code);
	return OK;
}
