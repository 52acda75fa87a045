/* The command line: `sms-gateway -c FILE COMMAND …`. */
#ifndef SMS_GATEWAY_COMMANDS_H
#define SMS_GATEWAY_COMMANDS_H

/* Reads the arguments and carries out the command. The program's exit status: 0, 1 when
 * it failed, 2 when the arguments are wrong. */
int commands_run(int argc, char **argv);

#endif
