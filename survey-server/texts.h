/* What the pages say besides the questions: one INI file per language and variant,
 * FOLDER/texts/LANGUAGE.ini or LANGUAGE.VARIANT.ini. A language's file has every text; a
 * variant's has those that read otherwise in it. */
#ifndef SURVEY_TEXTS_H
#define SURVEY_TEXTS_H

#include "common/buf.h"
#include "common/err.h"

/* Members are the files' keys; words in {braces} are filled in by page_words(). */
struct texts {
	const char *code;    /* "sv" */
	const char *variant; /* "" is the plain one */
	int draft;           /* no person has approved it yet */
	int rtl;             /* read from right to left */
	/* language */
	char *name;
	/* frame */
	char *title;
	char *leave;
	char *leave_note;
	char *privacy_link;
	char *accessibility_link;
	char *language_label;
	char *variant_label;
	char *variant_plain;
	char *change_to; /* the key is "switch" */
	char *read_aloud;
	char *read_stop;
	/* first */
	char *first_title;
	char *first_who;
	char *first_time;
	char *first_voluntary;
	char *first_anonymous;
	char *first_trial;
	char *first_begin;
	char *first_not_me;
	char *first_wrong_person;
	char *first_no_thanks;
	/* question */
	char *step;
	char *decline;
	char *only_if;
	char *next;
	char *back;
	/* last */
	char *last_title;
	char *unanswered;
	char *change;
	char *helped_title;
	char *helped_hint;
	char *helped_self;
	char *helped_relative;
	char *helped_staff;
	char *helped_interpreter;
	char *saved_title;
	char *saved_answers;
	char *saved_background;
	char *saved_not;
	char *send;
	char *lost;
	/* background */
	char *background_administration;
	char *background_area;
	char *background_age;
	char *background_measure;
	char *background_origin;
	char *background_sex;
	char *background_between;
	/* problem */
	char *problem_title;
	char *problem_answer;
	char *problem_none;
	/* end */
	char *thanks_title;
	char *thanks;
	char *declined_title;
	char *declined;
	char *gone_title;
	char *gone;
	char *broken_title;
	char *broken;
	char *later_title;
	char *later;
	char *missing_title;
	char *missing;
	/* start */
	char *start_title;
	char *start;
	char *code_label;
	char *code_go;
	char *code_wrong;
	/* privacy */
	char *privacy_title;
	char *privacy_saved_title;
	char *privacy_saved;
	char *privacy_who_title;
	char *privacy_who;
	char *privacy_trial;
	char *privacy_limits_title;
	char *privacy_limits;
	char *privacy_data_title;
	char *privacy_controller;
	char *privacy_controller_default;
	char *privacy_officer;
	char *privacy_contact;
	char *privacy_contact_default;
	char *privacy_processors;
	char *privacy_purpose;
	char *privacy_purpose_text;
	char *privacy_ground;
	char *privacy_ground_default;
	char *privacy_source;
	char *privacy_source_text;
	char *privacy_kept;
	char *privacy_kept_text;
	char *privacy_rights;
	char *privacy_rights_text;
	char *privacy_complaint;
	char *privacy_complaint_text;
	char *privacy_leave_title;
	char *privacy_leave;
	/* accessibility */
	char *accessibility_title;
	char *accessibility_lead;
	char *accessibility_how_title;
	char *accessibility_full;
	char *accessibility_partial;
	char *accessibility_none;
	char *accessibility_flaws_title;
	char *accessibility_flaws;
	char *accessibility_report_title;
	char *accessibility_report;
	char *accessibility_contact_default;
	char *accessibility_supervision_title;
	char *accessibility_supervision;
	char *accessibility_supervision_link;
	char *accessibility_tested_title;
	char *accessibility_tested;
	char *accessibility_date;
};

struct texts_all;

/* Reads every file of FOLDER/texts. ERR_INPUT with file and reason in why, also when a
 * text is missing or is filled in with other words than the Swedish. */
enum err texts_read(const char *folder, struct texts_all **ret_all, struct why *why);
void texts_free(struct texts_all *all);
MEM_AUTO(texts, struct texts_all *, texts_free)
/* The texts of that language in that variant, else of the language, else NULL. */
const struct texts *texts_find(
	const struct texts_all *all, const char *language, const char *variant);
/* One language or variant after the other, from 0; NULL after the last. Swedish is the
 * first. */
const struct texts *texts_at(const struct texts_all *all, size_t place);

#endif
