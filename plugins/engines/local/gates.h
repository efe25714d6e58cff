/* Whether a picture can be edited: errors instead of bad pictures. */
#ifndef FORMY_LOCAL_GATES_H
#define FORMY_LOCAL_GATES_H

#include <stdbool.h>

enum gate {
	GATE_OPEN,
	GATE_FACE_DECIDES, /* doubtful: a person when there is a face */
	GATE_NO_PERSON
};

/* What was measured; as in struct person. */
struct gate_facts {
	double area;
	double unsure;
	double at_first;
	double largest;
};

/* Says whether a person was found. */
enum gate gate_person(struct gate_facts facts);

/* True when the cut-out may be poor, and a person should look at it. */
bool gate_low_confidence(struct gate_facts facts);

/* One sentence of measured values and limits. */
void gate_explain(struct gate_facts facts, char *to, int size);

/* The least score of a face that decides. */
double gate_face_score(void);

#endif
