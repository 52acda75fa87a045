#include "common/clock.h"
#include "common/log.h"
#include "common/secret.h"
#include "sms-gateway/commands.h"
#include "sms-gateway/pages.h"
#include <stdio.h>
#include <sys/stat.h>

int main(int argc, char **argv)
{
	struct program_call call;
	struct why why;
	int status;
	auto_(config) struct config *config = NULL;
	log_program(commands_program.name);
	secret_process();
	clock_init();
	(void)umask(077);
	if (!program_read(&commands_program, argc, argv, &call, &status))
		return status;
	if (config_read(call.file, &config, &why) != OK ||
		staff_config_check(call.file, &config->staff, &pages_site, &why) != OK) {
		log_error("%s", why.text);
		return PROGRAM_FAILED;
	}
	if (!call.check)
		return program_run(&commands_program, &call, config);
	printf("%s: fine\n", call.file);
	return PROGRAM_DONE;
}
