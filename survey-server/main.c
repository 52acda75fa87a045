#include "commands.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/secret.h"
#include <stdio.h>

int main(int argc, char **argv)
{
	struct config config = { 0 };
	struct program_call call;
	struct why why;
	int status;
	log_program(commands_program.name);
	secret_process();
	clock_init();
	if (!program_read(&commands_program, argc, argv, &call, &status))
		return status;
	if (config_read(call.file, &config, &why) != OK) {
		log_error("%s", why.text);
		return PROGRAM_FAILED;
	}
	if (call.check)
		printf("%s: fine\n", call.file);
	else
		status = program_run(&commands_program, &call, &config);
	config_free(&config);
	return status;
}
