#include "commands.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/secret.h"
#include <stdio.h>
#include <string.h>

static void usage(FILE *to)
{
	fputs("survey-server takes anonymous answers, counts them once, and reports.\n\n"
	      "Usage: survey-server -c FILE COMMAND\n"
	      "       survey-server -c FILE -n          checks the configuration and exits\n\n"
	      "Commands:\n",
		to);
	for (const struct command *c = commands; c->name; c++)
		fprintf(to, "  %s\n", c->usage);
}

static int run(const char *file, int argc, char **argv, int check)
{
	struct config config = { 0 };
	struct why why;
	const struct command *command = commands;
	while (argc > 0 && command->name && strcmp(command->name, argv[0]) != 0)
		command++;
	if (!check && (argc == 0 || !command->name)) {
		if (argc > 0)
			log_error("%s: unknown command", argv[0]);
		usage(stderr);
		return 2;
	}
	if (!file) {
		log_error("-c FILE is missing");
		return 2;
	}
	if (config_read(file, &config, &why) != OK) {
		log_error("%s", why.text);
		return 1;
	}
	int status = 0;
	if (check)
		printf("%s: fine\n", file);
	else
		status = command->run(&config, argc - 1, argv + 1);
	config_free(&config);
	return status;
}

int main(int argc, char **argv)
{
	const char *file = NULL;
	int check = 0, at = 1;
	log_program("survey-server");
	secret_process();
	clock_init();
	for (; at < argc && argv[at][0] == '-'; at++) {
		if (strcmp(argv[at], "--help") == 0 || strcmp(argv[at], "-h") == 0) {
			usage(stdout);
			return 0;
		}
		if (strcmp(argv[at], "-n") == 0) {
			check = 1;
		} else if (strcmp(argv[at], "-c") == 0 && at + 1 < argc) {
			file = argv[++at];
		} else {
			log_error(
				"%s: unknown option, or its value is missing", argv[at]);
			usage(stderr);
			return 2;
		}
	}
	return run(file, argc - at, argv + at, check);
}
