/* commands.h: the table of commands. A new command is its file and two rows: here and in main.c. */
#ifndef BASTIDE_CLI_COMMANDS_H
#define BASTIDE_CLI_COMMANDS_H

#include "cli/cli.h"

extern const struct command command_chat;
extern const struct command command_run;
extern const struct command command_model_list;
extern const struct command command_model_pull;
extern const struct command command_model_verify;
extern const struct command command_model_remove;
extern const struct command command_key_add;
extern const struct command command_key_list;
extern const struct command command_key_revoke;
extern const struct command command_tokenize;
extern const struct command command_template;
extern const struct command command_eval;
extern const struct command command_perplexity;
extern const struct command command_bench;
extern const struct command command_serve;
extern const struct command command_audit;
extern const struct command command_audit_providers;
extern const struct command command_cutoff;
extern const struct command command_cutoff_list;
extern const struct command command_cutoff_show;

#endif
