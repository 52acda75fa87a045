/* QR codes as drawings, over libqrencode: the only file that knows it. */
#ifndef COMMON_STAFF_QR_H
#define COMMON_STAFF_QR_H

#include "common/buf.h"
#include "common/err.h"

/* Adds an <svg> of the text, black on white with the quiet zone of four modules, with the
 * label for those who do not see it. ERR_INPUT when the text is too long. */
enum err qr_svg(const char *text, const char *label, struct buf *out);

#endif
