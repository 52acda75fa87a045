/* What an import came to, as parts of a staff page. */
#ifndef SMS_GATEWAY_IMPORT_VIEW_H
#define SMS_GATEWAY_IMPORT_VIEW_H

#include "common/staff/staff.h"
#include "sms-gateway/intake.h"
#include "sms-gateway/outlook.h"

/* Figures, rules, marks, and what is to be known. */
void import_view_result(struct http_request *r, struct buf *b, const struct intake *i);
/* The groups of the result, as they will be. */
void import_view_outlook(struct http_request *r, struct buf *b, const struct outlook *o,
	unsigned per_cent);

#endif
