/* What the misbehaving libraries share: a descriptor, the dataset `passages`, and good rows of it.
 * Written against the C header alone, so that nothing of the SDK's C++ stands between them and the host. */
#pragma once

#include <kepu/connector.h>

#include <stdio.h>
#include <string.h>

static const kepu_host* host;

static const kepu_field event_id_field = {sizeof(kepu_field), 0, "event_id", KEPU_TEXT, 0, NULL, NULL, 1};
static const kepu_field venue_field = {sizeof(kepu_field), 0, "venue", KEPU_TEXT, 0, NULL, NULL, 1};
static const kepu_field gate_field = {sizeof(kepu_field), 0, "gate", KEPU_TEXT, 0, NULL, NULL, 0};
static const kepu_field direction_field = {sizeof(kepu_field), 0, "direction", KEPU_TEXT, 0, NULL, NULL, 1};
static const kepu_field ts_field = {sizeof(kepu_field), 0, "ts", KEPU_TIMESTAMP, 0, NULL, NULL, 1};
static const kepu_field card_field = {sizeof(kepu_field), 0, "card", KEPU_TEXT, 0, NULL, NULL, 0};

enum { fields_of_passages = 6 };
static const kepu_field* const passages_fields[] = {&event_id_field,  &venue_field, &gate_field,
                                                    &direction_field, &ts_field,    &card_field};
static const kepu_dataset passages = {sizeof(kepu_dataset), 1, "passages", passages_fields, fields_of_passages};
static const kepu_dataset* const datasets[] = {&passages};

static inline kepu_str str(const char* text) {
  const kepu_str out = {text, strlen(text)};
  return out;
}

static inline void text_cell(kepu_cell* cell, const char* text, size_t size) {
  memset(cell, 0, sizeof *cell);
  cell->type = KEPU_TEXT;
  cell->size = (uint32_t)size;
  cell->value.text = text;
}

/* Fills one good passage; `id` holds 24 bytes that live as long as the cells are used. */
static inline void passage(kepu_cell* cells, char* id, unsigned number) {
  snprintf(id, 24, "bad-%u", number);
  text_cell(&cells[0], id, strlen(id));
  text_cell(&cells[1], "V001", 4);
  text_cell(&cells[2], "A", 1);
  text_cell(&cells[3], "in", 2);
  memset(&cells[4], 0, sizeof cells[4]);
  cells[4].type = KEPU_TIMESTAMP;
  cells[4].value.integer = 1741138200000000 + (int64_t)number * 1000000; /* 2025-03-05, a second apart */
  text_cell(&cells[5], id, strlen(id));
}

/* One good passage to the host. */
static inline int32_t emit_passage(unsigned number) {
  kepu_cell cells[fields_of_passages];
  char id[24];
  passage(cells, id, number);
  const uint64_t place = number;
  return host->emit(host->ctx, 0, cells, 1, &place);
}

static inline int32_t commit_at(unsigned number) {
  char cursor[24];
  snprintf(cursor, sizeof cursor, "%u", number);
  return host->commit(host->ctx, str(cursor), NULL);
}

static int32_t run(void* self);

static void destroy(void* self) { (void)self; }

static int32_t create(const kepu_host* given, const kepu_settings* settings, kepu_connector* out) {
  (void)settings;
  host = given;
  out->self = NULL;
  out->discover = NULL;
  out->run = run;
  out->destroy = destroy;
  return KEPU_RUN_OK;
}

#ifdef __cplusplus
#define DECLARED extern "C" KEPU_EXPORT
#define DEFINED extern "C"
#else
#define DECLARED extern KEPU_EXPORT
#define DEFINED
#endif

/* The descriptor and the one exported symbol; MAJOR is KEPU_ABI_MAJOR but for one. */
#define CONNECTOR_OF_MAJOR(ID, MODE, MAJOR, SYMBOL)                                                                    \
  static const kepu_descriptor descriptor = {                                                                          \
      sizeof(kepu_descriptor), MODE, ID, "1.0.0", "Misbehaves", NULL, "Tests", 0, 0, NULL, 0, datasets, 1};            \
  DECLARED const kepu_entry SYMBOL;                                                                                    \
  DEFINED const kepu_entry SYMBOL = {sizeof(kepu_entry), MAJOR, KEPU_ABI_MINOR, &descriptor, create};
#define CONNECTOR(ID, MODE) CONNECTOR_OF_MAJOR(ID, MODE, KEPU_ABI_MAJOR, kepu_connector_entry)
