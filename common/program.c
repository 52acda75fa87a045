#include "program.h"
#include "log.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void usage_of(const struct program *p, const struct program_command *c, FILE *to)
{
	fprintf(to, "usage: %s -c FILE %s\n", p->name, c->usage);
}

static void usage(const struct program *p, FILE *to)
{
	fprintf(to,
		"usage: %s -c FILE COMMAND\n"
		"       %s -c FILE -n          check the configuration and exit\n\n%s\n\nCommands:",
		p->name, p->name, p->about);
	for (size_t i = 0; i < p->command_count; i++)
		fprintf(to, " %s", p->commands[i].name);
	fprintf(to, "\n%s COMMAND --help tells more.\n", p->name);
}

static const struct program_command *find(const struct program *p, const char *name)
{
	for (size_t i = 0; i < p->command_count; i++)
		if (strcmp(p->commands[i].name, name) == 0)
			return &p->commands[i];
	return NULL;
}

static bool asks_for_help(const char *argument)
{
	return strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0;
}

/* Takes what stands before the command. Returns its place, 0 after a fault that was said.
 */
static int read_front(int argc, char **argv, struct program_call *call, bool *ret_help)
{
	int at = 1;
	for (; at < argc && argv[at][0] == '-'; at++) {
		if (asks_for_help(argv[at])) {
			*ret_help = true;
		} else if (strcmp(argv[at], "-n") == 0) {
			call->check = true;
		} else if (strcmp(argv[at], "-c") == 0 && at + 1 < argc) {
			call->file = argv[++at];
		} else {
			log_error(
				"%s: unknown option, or its value is missing", argv[at]);
			return 0;
		}
	}
	return at;
}

static bool wrong(const struct program *p, int *ret_status)
{
	usage(p, stderr);
	*ret_status = PROGRAM_USAGE;
	return false;
}

bool program_read(const struct program *p, int argc, char **argv,
	struct program_call *ret_call, int *ret_status)
{
	struct program_call call = { 0 };
	bool help = false;
	int at = read_front(argc, argv, &call, &help);
	if (!at)
		return wrong(p, ret_status);
	*ret_status = PROGRAM_DONE;
	if (help) {
		usage(p, stdout);
		return false;
	}
	if (at < argc) {
		call.command = find(p, argv[at]);
		call.argc = argc - at - 1;
		call.argv = argv + at + 1;
		if (!call.command) {
			log_error("%s: no such command", argv[at]);
			return wrong(p, ret_status);
		}
	}
	for (int i = 0; i < call.argc; i++) {
		if (asks_for_help(call.argv[i])) {
			usage_of(p, call.command, stdout);
			return false;
		}
	}
	if (!call.file)
		log_error("-c FILE is missing");
	if (!call.file || (!call.command && !call.check))
		return wrong(p, ret_status);
	*ret_call = call;
	return true;
}

int program_run(const struct program *p, const struct program_call *call,
	const struct config *config)
{
	int status = call->command->run(config, call->argc, call->argv);
	if (status == PROGRAM_USAGE)
		usage_of(p, call->command, stderr);
	return status;
}

int program_failed(const char *command, const struct why *why)
{
	log_error("%s: %s", command, why->text);
	return PROGRAM_FAILED;
}

void program_progress(const char *what, unsigned done)
{
	if (!isatty(STDERR_FILENO))
		return;
	if (done < 1000)
		fprintf(stderr, "\r%s %u %%", what, done / 10);
	else
		fputs("\r\033[K", stderr);
}
