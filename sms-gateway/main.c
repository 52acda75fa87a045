#include "common/clock.h"
#include "common/log.h"
#include "common/secret.h"
#include "sms-gateway/commands.h"
#include <sys/stat.h>

int main(int argc, char **argv)
{
	secret_process();
	clock_init();
	log_program("sms-gateway");
	(void)umask(077);
	return commands_run(argc, argv);
}
