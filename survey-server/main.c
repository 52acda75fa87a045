#include "commands.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/secret.h"
#include "staff_pages.h"
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
	if (staff_config_check(call.file, &config.staff, &staff_pages_site, &why) != OK) {
		log_error("%s", why.text);
		status = PROGRAM_FAILED;
	} else if (call.check) {
		printf("%s: fine\n", call.file);
	} else {
		status = program_run(&commands_program, &call, &config);
	}
	config_free(&config);
	return status;
}
