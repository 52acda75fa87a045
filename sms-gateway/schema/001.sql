-- One file per administration. Nothing here tells who a person is without the key file of the wave.

CREATE TABLE wave (
	wave TEXT NOT NULL PRIMARY KEY,       -- survey-server's name for it
	title TEXT NOT NULL,                  -- for staff
	name TEXT NOT NULL,                   -- the administration's name in that wave, for staff
	persons INTEGER NOT NULL DEFAULT 0,   -- rows of contact
	held INTEGER NOT NULL DEFAULT 0,      -- of these, those that wait for a decision
	draw INTEGER NOT NULL DEFAULT 0,      -- enum store_draw
	draw_size INTEGER NOT NULL DEFAULT 0  -- persons drawn in each stratum
) WITHOUT ROWID;

-- A person of the frame. The sealed columns are opened with the wave's key file. The numbers follow the order of the
-- keyed hashes, so they say nothing of the order in the case system's file.
CREATE TABLE contact (
	wave TEXT NOT NULL REFERENCES wave,
	contact INTEGER NOT NULL,  -- from 1
	person BLOB NOT NULL,      -- keyed hash: the same person in the same wave
	phone BLOB,                -- keyed hash: the same number in the same wave; NULL: none
	content BLOB NOT NULL,     -- keyed hash of all that the file said
	details BLOB NOT NULL,     -- sealed: details_pack()
	language TEXT NOT NULL,
	channels INTEGER NOT NULL, -- frame_channels()
	hold INTEGER NOT NULL,     -- enum store_hold
	stratum INTEGER,           -- NULL until it has a code
	code BLOB,                 -- sealed: the one-time code; NULL: none yet
	PRIMARY KEY (wave, contact)
) WITHOUT ROWID;

-- What the administration's coordinator has decided of a person; outlives the next import.
CREATE TABLE decision (
	wave TEXT NOT NULL REFERENCES wave,
	person BLOB NOT NULL,      -- as in contact
	verdict INTEGER NOT NULL,  -- enum store_verdict
	PRIMARY KEY (wave, person)
) WITHOUT ROWID;

-- Persons whom a rule left out of the frame.
CREATE TABLE left_out (
	wave TEXT NOT NULL REFERENCES wave,
	reason TEXT NOT NULL,      -- reason_code()
	persons INTEGER NOT NULL,
	PRIMARY KEY (wave, reason)
) WITHOUT ROWID;

-- How many persons of the frame each group of a declared table has.
CREATE TABLE cell (
	wave TEXT NOT NULL REFERENCES wave,
	breakdown TEXT NOT NULL,   -- codes of its variables: area*sex
	key TEXT NOT NULL,         -- codes of the values: aldreomsorg*kvinna; empty where not known
	persons INTEGER NOT NULL,
	PRIMARY KEY (wave, breakdown, key)
) WITHOUT ROWID;

-- The groups that persons were drawn in; numbered per wave, the same in every batch.
CREATE TABLE stratum (
	wave TEXT NOT NULL REFERENCES wave,
	stratum INTEGER NOT NULL,
	area TEXT NOT NULL,        -- code of the area
	unit TEXT NOT NULL,        -- where draws are per unit, else empty
	plan INTEGER NOT NULL,     -- enum plan
	PRIMARY KEY (wave, stratum)
) WITHOUT ROWID;

-- What is registered with survey-server in one piece: the contacts from first to last.
CREATE TABLE batch (
	wave TEXT NOT NULL REFERENCES wave,
	batch INTEGER NOT NULL,    -- from 1; its name is ADMINISTRATION-batch
	state INTEGER NOT NULL,    -- enum store_batch_state
	first INTEGER NOT NULL,
	last INTEGER NOT NULL,
	PRIMARY KEY (wave, batch)
) WITHOUT ROWID;

CREATE TABLE batch_stratum (
	wave TEXT NOT NULL,
	batch INTEGER NOT NULL,
	stratum INTEGER NOT NULL,
	frame INTEGER NOT NULL,    -- persons in the frame
	drawn INTEGER NOT NULL,    -- of these, drawn
	PRIMARY KEY (wave, batch, stratum),
	FOREIGN KEY (wave, batch) REFERENCES batch
) WITHOUT ROWID;

-- Who is never to be contacted again, in no wave: hashes keyed with the administration's refusal key.
CREATE TABLE refusal (
	hash BLOB NOT NULL PRIMARY KEY
) WITHOUT ROWID;

-- One row a message, at most one of a kind to a person in a wave.
CREATE TABLE message (
	message INTEGER NOT NULL PRIMARY KEY,
	wave TEXT NOT NULL,
	contact INTEGER NOT NULL,
	kind INTEGER NOT NULL,       -- enum store_kind
	state INTEGER NOT NULL,      -- enum store_state
	tries INTEGER NOT NULL,
	not_before INTEGER NOT NULL, -- seconds since 1970
	ref BLOB NOT NULL UNIQUE,    -- 16 random bytes: what delivery reports name
	UNIQUE (wave, contact, kind),
	FOREIGN KEY (wave, contact) REFERENCES contact
);
CREATE INDEX message_queue ON message (state, wave, not_before, message);

-- How many messages there are, kept as they change: pages of staff ask all the time, and counting 80,000 rows takes
-- longer than a page may.
CREATE TABLE message_count (
	wave TEXT NOT NULL,
	state INTEGER NOT NULL, -- enum store_state
	count INTEGER NOT NULL,
	PRIMARY KEY (wave, state)
) WITHOUT ROWID;
CREATE TRIGGER message_added AFTER INSERT ON message BEGIN
	INSERT INTO message_count VALUES (new.wave, new.state, 1)
		ON CONFLICT (wave, state) DO UPDATE SET count = count + 1;
END;
CREATE TRIGGER message_moved AFTER UPDATE OF state ON message WHEN old.state <> new.state BEGIN
	UPDATE message_count SET count = count - 1 WHERE wave = old.wave AND state = old.state;
	INSERT INTO message_count VALUES (new.wave, new.state, 1)
		ON CONFLICT (wave, state) DO UPDATE SET count = count + 1;
END;
CREATE TRIGGER message_removed AFTER DELETE ON message BEGIN
	UPDATE message_count SET count = count - 1 WHERE wave = old.wave AND state = old.state;
END;

-- Waves whose persons are erased, and what may be told of them afterwards: the recorded decision.
CREATE TABLE erasure (
	wave TEXT NOT NULL PRIMARY KEY,
	title TEXT NOT NULL,
	name TEXT NOT NULL,
	counted INTEGER NOT NULL,  -- day of the count, YYYYMMDD
	day INTEGER NOT NULL,      -- day of the erasure
	persons INTEGER NOT NULL,
	messages INTEGER NOT NULL, -- that left, or may have left
	state INTEGER NOT NULL     -- enum store_erasure
) WITHOUT ROWID;
