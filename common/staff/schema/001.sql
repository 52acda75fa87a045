-- Who may sign in. No password, code or token stands here: only hashes, and secrets sealed with
-- keys of KEYS/staff.key. Times are seconds since 1970.

CREATE TABLE account (
	-- AUTOINCREMENT: no number comes twice, so that what was begun for an account that was removed
	-- meanwhile never ends with another's.
	account INTEGER PRIMARY KEY AUTOINCREMENT,
	name TEXT NOT NULL UNIQUE,     -- to sign in with; see accounts_is_name()
	full_name TEXT NOT NULL,       -- for colleagues, "" when nobody said it
	roles INTEGER NOT NULL,        -- a bit each: staff.h and the daemon's own
	administrations TEXT NOT NULL, -- codes with spaces between; "": all
	areas TEXT NOT NULL,           -- the same
	subject BLOB UNIQUE CHECK (length(subject) = 32), -- SHA-256 of issuer, NUL, subject; NULL: a local account
	-- Both, or neither: until the owner has enrolled, and always with a subject.
	password TEXT,                 -- password_hash()
	totp BLOB CHECK (length(totp) = 48), -- sealed secret of the one-time codes
	step INTEGER NOT NULL,         -- of the last one-time code that was used
	must_change INTEGER NOT NULL,  -- 1: the password, before anything else
	made INTEGER NOT NULL,
	signed_in INTEGER NOT NULL,    -- last; 0: never
	CHECK ((password IS NULL) = (totp IS NULL)),
	CHECK (subject IS NULL OR password IS NULL)
);

-- Recovery codes that are not used up.
CREATE TABLE recovery (
	account INTEGER NOT NULL REFERENCES account ON DELETE CASCADE,
	hash BLOB NOT NULL CHECK (length(hash) = 32), -- keyed
	PRIMARY KEY (account, hash)
) WITHOUT ROWID;

-- Links where an account's owner enrols; gone when that is done. One an account.
CREATE TABLE invitation (
	hash BLOB NOT NULL PRIMARY KEY CHECK (length(hash) = 32), -- SHA-256 of the link's token
	account INTEGER NOT NULL UNIQUE REFERENCES account ON DELETE CASCADE,
	until INTEGER NOT NULL, -- first second that is too late
	-- Chosen by the owner, not in force until the codes have been shown to work; NULL: not begun.
	password TEXT,
	totp BLOB CHECK (length(totp) = 48),
	CHECK ((password IS NULL) = (totp IS NULL))
) WITHOUT ROWID;

CREATE TABLE session (
	hash BLOB NOT NULL PRIMARY KEY CHECK (length(hash) = 32), -- SHA-256 of the cookie's token
	account INTEGER NOT NULL REFERENCES account ON DELETE CASCADE,
	made INTEGER NOT NULL,   -- when it began
	seen INTEGER NOT NULL,   -- when it was last used
	second INTEGER NOT NULL, -- when the second factor was last shown
	agent TEXT NOT NULL      -- browser and system, for its owner: "Firefox, Linux"
) WITHOUT ROWID;
CREATE INDEX session_account ON session (account);
