/* Runs all the time, needs the network and wants settings: everything that only `kepuctl check` can compare with a
 * source's file. It is never run. */
#include <kepu/connector.h>

#include <stddef.h>

static const kepu_setting_spec count = {
    sizeof(kepu_setting_spec), KEPU_SETTING_INTEGER, "count", 1, NULL, "how many", NULL, NULL};
static const kepu_setting_spec token = {
    sizeof(kepu_setting_spec), KEPU_SETTING_SECRET, "token", 1, NULL, "its key", NULL, NULL};
static const kepu_setting_spec* const settings[] = {&count, &token};

static const kepu_field name = {sizeof(kepu_field), 0, "name", KEPU_TEXT, 0, NULL, NULL, 1};
static const kepu_field* const fields[] = {&name};
static const kepu_dataset things = {sizeof(kepu_dataset), 1, "things", fields, 1};
static const kepu_dataset* const datasets[] = {&things};

static const kepu_descriptor descriptor = {sizeof(kepu_descriptor),
                                           KEPU_STREAMING,
                                           "demanding",
                                           "1.0.0",
                                           "Demands",
                                           NULL,
                                           "Tests",
                                           KEPU_NEED_NETWORK,
                                           0,
                                           settings,
                                           2,
                                           datasets,
                                           1};

static int32_t create(const kepu_host* host, const kepu_settings* given, kepu_connector* out) {
  (void)host;
  (void)given;
  (void)out;
  return KEPU_RUN_BAD_CONFIG;
}

extern KEPU_EXPORT const kepu_entry kepu_connector_entry;
const kepu_entry kepu_connector_entry = {sizeof(kepu_entry), KEPU_ABI_MAJOR, KEPU_ABI_MINOR, &descriptor, create};
