/* Judges its settings itself, as its setting `way` says, and leaves a file behind when it is run. */
#include "../../bad_connectors/connector.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static char folder[4096];

static int is(const kepu_setting* setting, const char* key) {
  return setting->key.size == strlen(key) && memcmp(setting->key.data, key, setting->key.size) == 0;
}

static int32_t choose(const kepu_host* given, const kepu_settings* settings, kepu_connector* out) {
  char way[64] = "";
  for (size_t i = 0; i < settings->count; ++i) {
    const kepu_setting* setting = settings->items[i];
    if (is(setting, "way") && setting->text.size < sizeof way) memcpy(way, setting->text.data, setting->text.size);
    if (is(setting, "work") && setting->text.size < sizeof folder)
      memcpy(folder, setting->text.data, setting->text.size);
  }
  if (strcmp(way, "refuse") == 0) {
    given->explain(given->ctx, str("it wants another way; write way = \"good\""));
    return KEPU_RUN_BAD_CONFIG;
  }
  if (strcmp(way, "retry") == 0) {
    given->explain(given->ctx, str("the server is off"));
    return KEPU_RUN_RETRY;
  }
  if (strcmp(way, "crash") == 0) abort();
  DIR* dir = folder[0] ? opendir(folder) : NULL;
  if (folder[0] && !dir) {
    given->explain(given->ctx, str("it may not read its folder"));
    return KEPU_RUN_BAD_CONFIG;
  }
  if (dir) closedir(dir);
  if (folder[0]) { /* a run may write there, a look may not */
    char looked[4200];
    strcpy(looked, folder);
    const int file = open(strcat(looked, "/looked"), O_WRONLY | O_CREAT, 0600);
    if (file >= 0) close(file);
  }
  return create(given, settings, out);
}

static int32_t run(void* self) {
  (void)self;
  strncat(folder, "/ran", sizeof folder - strlen(folder) - 1);
  close(open(folder, O_WRONLY | O_CREAT, 0600));
  return KEPU_RUN_OK;
}

static const kepu_setting_spec way_spec = {
    sizeof(kepu_setting_spec), KEPU_SETTING_TEXT, "way", 0, NULL, "What it says", NULL, NULL};
static const kepu_setting_spec work_spec = {
    sizeof(kepu_setting_spec), KEPU_SETTING_WORK_FOLDER, "work", 0, NULL, "Where it leaves a file", NULL, NULL};
static const kepu_setting_spec* const specs[] = {&way_spec, &work_spec};
static const kepu_descriptor descriptor = {
    sizeof(kepu_descriptor), KEPU_SCHEDULED, "choosy", "1.0.0", "Chooses", NULL, "Tests", 0, 0, specs, 2, datasets, 1};
extern KEPU_EXPORT const kepu_entry kepu_connector_entry;
const kepu_entry kepu_connector_entry = {sizeof(kepu_entry), KEPU_ABI_MAJOR, KEPU_ABI_MINOR, &descriptor, choose};
