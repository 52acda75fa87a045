-- Who is in the frame, from the rows of an import file: the rules once more, each in its own words and one statement.
-- The row's first rule that fits is what is said of it, so their order counts. Given: said (the rows, in the contract's
-- words), word, within, listed, setting; fold() compares words.

-- Who: a number of ten or twelve digits, with or without a sign before the last four, or else the system's own id.
CREATE TEMP TABLE written AS SELECT line, trim(person_id) AS own,
	replace(replace(replace(trim(person_id), ' ', ''), '–', '-'), '−', '-') AS id FROM said;
CREATE TEMP TABLE numbered AS SELECT line, own,
	CASE WHEN length(id) IN (10, 12) AND id NOT GLOB '*[^0-9]*' THEN id
	WHEN length(id) IN (11, 13) AND substr(id, -5, 1) IN ('-', '+') AND replace(replace(id, '-', ''), '+', '') NOT GLOB '*[^0-9]*'
		AND length(replace(replace(id, '-', ''), '+', '')) IN (10, 12) THEN replace(replace(id, '-', ''), '+', '') END AS digits,
	id LIKE '%+____' AS hundred FROM written;
-- Ten digits: the latest century that is not in the future, one earlier after a plus. A samordningsnummer has 60 more
-- in its day.
CREATE TEMP TABLE dated AS
	WITH ten AS (SELECT line, own, digits, hundred, substr(digits, -10) AS ten,
		substr(digits, -6, 2) - 60 * (substr(digits, -6, 2) + 0 > 60) AS day FROM numbered),
	latest AS (SELECT *, CASE WHEN '20' || substr(ten, 1, 2) || '-' || substr(ten, 3, 2) || '-' || printf('%02d', day)
		> (SELECT value FROM setting WHERE name = 'today') THEN 19 ELSE 20 END - hundred AS century FROM ten)
	SELECT line, own, digits, ten, iif(length(digits) = 12, substr(digits, 1, 2), century) || substr(ten, 1, 2) || '-'
		|| substr(ten, 3, 2) || '-' || printf('%02d', day) AS birth FROM latest;
-- The day exists and the ten digits' Luhn sum ends in 0: every other digit doubled, the digits of the products added.
CREATE TEMP TABLE person AS
	WITH RECURSIVE place(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM place WHERE n < 10),
	doubled AS (SELECT line, substr(ten, n, 1) * (1 + n % 2) AS d FROM dated, place WHERE digits IS NOT NULL),
	sums AS (SELECT line, sum(d / 10 + d % 10) AS luhn FROM doubled GROUP BY line),
	official AS (SELECT line, own, digits, ten, birth, digits IS NOT NULL AND luhn % 10 = 0
		AND date(birth, '+0 days') IS birth AND birth <= (SELECT value FROM setting WHERE name = 'today') AS official
		FROM dated LEFT JOIN sums USING (line))
	SELECT line, official, digits IS NOT NULL AND NOT official AS mistyped, iif(official, birth, NULL) AS birth,
		iif(official, substr(birth, 1, 2) || ten, own) AS person FROM official;

-- The phone: spaces, signs and a word like "mobil" taken away, 0 or 0046 or +46 before it.
CREATE TEMP TABLE dialled AS
	WITH bare AS (SELECT line, replace(replace(replace(replace(replace(replace(replace(replace(
		iif(lower(telefon) GLOB 'mobil:*', substr(telefon, 7), iif(lower(telefon) GLOB 'tel[. ]*', substr(telefon, 5), telefon)),
		' ', ''), '-', ''), '‑', ''), '/', ''), '.', ''), '(', ''), ')', ''), char(160), '') AS p FROM said),
	plus AS (SELECT line, p, CASE WHEN p LIKE '+%' THEN substr(p, 2) WHEN p LIKE '00%' THEN substr(p, 3)
		WHEN p LIKE '0%' THEN '46' || substr(p, 2) WHEN length(p) = 9 AND p GLOB '7[02369]*' THEN '46' || p
		WHEN length(p) = 11 AND p GLOB '467[02369]*' THEN p END AS number FROM bare),
	trunk AS (SELECT line, p, iif(number GLOB '460*', '46' || substr(number, 4), number) AS number FROM plus)
	SELECT line, CASE WHEN p = '' THEN 'missing' WHEN number IS NULL OR number GLOB '*[^0-9]*' THEN 'bad'
		WHEN number NOT GLOB '46*' THEN iif(length(number) BETWEEN 7 AND 15, 'foreign', 'bad')
		WHEN length(number) NOT BETWEEN 9 AND 11 OR number GLOB '460*' THEN 'bad'
		WHEN number GLOB '467[02369]*' THEN iif(length(number) = 11, 'mobile', 'bad')
		WHEN number GLOB '46900*' OR number GLOB '46939*' OR number GLOB '46944*' OR number GLOB '4699*' THEN 'premium'
		ELSE 'landline' END AS kind, '+' || number AS e164 FROM trunk;
UPDATE dialled SET e164 = NULL WHERE kind IN ('missing', 'bad');

CREATE TEMP TABLE row AS SELECT said.*, p.person, p.birth, p.official, p.mistyped, d.kind, d.e164,
	(SELECT code FROM word WHERE variable = 'area' AND word = fold(verksamhetsområde)) AS area,
	(SELECT code FROM word WHERE variable = 'ground' AND word = fold(lagrum)) AS ground,
	fold(skyddad) IN ('ja', 'j', '1', 'true', 'sant') AS secret, fold(sms_tillåtet) IN ('ja', 'j', '1', 'true', 'sant') AS allowed,
	fold(sms_tillåtet) IN ('nej', 'n', '0', 'false', 'falskt') AS forbidden,
	-- In full years; of what the row says and what the number says the youngest.
	min(coalesce(iif(ålder = '', NULL, ålder + 0), 999), coalesce(substr((SELECT value FROM setting WHERE name = 'today'), 1, 4)
		- substr(birth, 1, 4) - (substr((SELECT value FROM setting WHERE name = 'today'), 6) < substr(birth, 6)), 999)) AS age
	FROM said JOIN person p USING (line) JOIN dialled d USING (line);

-- What can be spoken; nothing, or what is not known, is Swedish.
CREATE TEMP TABLE tongue (word TEXT PRIMARY KEY, code TEXT NOT NULL);
INSERT INTO tongue VALUES ('sv', 'sv'), ('svenska', 'sv'), ('en', 'en'), ('engelska', 'en'), ('fi', 'fi'), ('finska', 'fi'),
	('ar', 'ar'), ('arabiska', 'ar'), ('fa', 'fa'), ('persiska', 'fa'), ('so', 'so'), ('somaliska', 'so'), ('ti', 'ti'),
	('tigrinska', 'ti'), ('pl', 'pl'), ('polska', 'pl'), ('uk', 'uk'), ('ukrainska', 'uk');

CREATE TEMP TABLE verdict (line INTEGER PRIMARY KEY, reason TEXT NOT NULL);

-- raden har fler eller färre kolumner än rubrikraden; ett citattecken saknas eller står fel på raden
INSERT OR IGNORE INTO verdict SELECT line, problem FROM row WHERE problem IS NOT NULL;
-- person_id är tomt
INSERT OR IGNORE INTO verdict SELECT line, 'person-missing' FROM row WHERE person = '';
-- person_id är för långt (högst 63 tecken)
INSERT OR IGNORE INTO verdict SELECT line, 'person-long' FROM row WHERE length(CAST(person AS BLOB)) > 63;
-- skyddad ska vara ja eller nej
INSERT OR IGNORE INTO verdict SELECT line, 'value-protected' FROM row
	WHERE skyddad <> '' AND NOT secret AND fold(skyddad) NOT IN ('nej', 'n', '0', 'false', 'falskt');
-- skyddade personuppgifter: aldrig
INSERT OR IGNORE INTO verdict SELECT line, 'protected' FROM row WHERE secret;
-- sms_tillåtet ska vara ja eller nej
INSERT OR IGNORE INTO verdict SELECT line, 'value-sms' FROM row WHERE sms_tillåtet <> '' AND NOT allowed AND NOT forbidden;
-- ålder ska vara ett heltal
INSERT OR IGNORE INTO verdict SELECT line, 'value-age' FROM row WHERE ålder GLOB '*[^0-9]*' OR length(ålder) > 3;
-- beslut_från och beslut_till skrivs ÅÅÅÅ-MM-DD
INSERT OR IGNORE INTO verdict SELECT line, 'value-date' FROM row WHERE beslut_från <> '' AND date(beslut_från, '+0 days') IS NOT beslut_från
	OR beslut_till <> '' AND date(beslut_till, '+0 days') IS NOT beslut_till;
-- verksamhetsområde är tomt
INSERT OR IGNORE INTO verdict SELECT line, 'area-missing' FROM row WHERE verksamhetsområde = '';
-- verksamhetsområdet finns inte i omgången
INSERT OR IGNORE INTO verdict SELECT line, 'area-unknown' FROM row WHERE area IS NULL;
-- yngre än omgångens lägsta ålder
INSERT OR IGNORE INTO verdict SELECT line, 'child' FROM row WHERE age < (SELECT value + 0 FROM setting WHERE name = 'youngest');
-- området är undantaget i omgången
INSERT OR IGNORE INTO verdict SELECT line, 'exempt' FROM row WHERE area IN (SELECT code FROM listed WHERE name = 'areas');
-- insatsen är undantagen i omgången: den, eller något som den hör till, med kod eller namn
INSERT OR IGNORE INTO verdict SELECT line, 'measure' FROM row WHERE fold(insats) IN (SELECT fold(code) FROM listed WHERE name = 'measures')
	OR EXISTS (SELECT 1 FROM word mine JOIN within ON inner = mine.code JOIN word theirs ON theirs.code = outer
		JOIN listed ON fold(listed.code) = theirs.word WHERE mine.variable = 'measure' AND mine.word = fold(insats) AND name = 'measures');
-- lagrummet räknas inte i omgången: varken det eller något som det hör till
INSERT OR IGNORE INTO verdict SELECT line, 'ground' FROM row WHERE NOT EXISTS (SELECT 1 FROM listed WHERE name = 'grounds' AND code = 'any')
	AND ground IS NOT NULL AND NOT EXISTS (SELECT 1 FROM within JOIN listed ON code = outer WHERE name = 'grounds' AND inner = ground);
-- lagrum är tomt eller okänt
INSERT OR IGNORE INTO verdict SELECT line, 'ground-unknown' FROM row
	WHERE NOT EXISTS (SELECT 1 FROM listed WHERE name = 'grounds' AND code = 'any') AND ground IS NULL;
-- området kräver sms_tillåtet = ja
INSERT OR IGNORE INTO verdict SELECT line, 'sms-not-safe' FROM row WHERE area IN (SELECT code FROM listed WHERE name = 'unsafe') AND NOT allowed;
-- minderårig: kräver sms_tillåtet = ja
INSERT OR IGNORE INTO verdict SELECT line, 'young' FROM row WHERE age < (SELECT value + 0 FROM setting WHERE name = 'adult') AND NOT allowed;
-- beslutet är kortare än omgången kräver: så många hela månader, första och sista dagen inräknade. Där månaden inte har
-- dagen räknas den första i nästa.
INSERT OR IGNORE INTO verdict SELECT line, 'short' FROM row, (SELECT value + 0 AS months FROM setting WHERE name = 'shortest')
	WHERE months > 0 AND beslut_från <> '' AND beslut_till <> '' AND date(beslut_till, '+1 day')
	< iif(substr(date(beslut_från, '+' || months || ' months'), 9) = substr(beslut_från, 9), date(beslut_från, '+' || months || ' months'),
		date(beslut_från, 'start of month', '+' || (months + 1) || ' months'));
-- Om en rad säger att personen är skyddad, är barn, har en osäker telefon, eller något obegripligt om skydd eller SMS,
-- gäller det alla rader.
CREATE TEMP TABLE personal AS SELECT person, min(instr('protected,value-protected,value-sms,child,sms-not-safe', reason)) AS place
	FROM row JOIN verdict USING (line) WHERE reason IN ('protected', 'value-protected', 'value-sms', 'child', 'sms-not-safe') GROUP BY person;
INSERT OR IGNORE INTO verdict SELECT line, CASE place WHEN 1 THEN 'protected' WHEN 11 THEN 'value-protected' WHEN 27 THEN 'value-sms'
	WHEN 37 THEN 'child' ELSE 'sms-not-safe' END FROM row JOIN personal USING (person);
-- samma person och verksamhetsområde står redan i filen: den rad används som når personen bäst, var den än står
CREATE TEMP TABLE let AS SELECT *, rank() OVER (PARTITION BY person, area ORDER BY CASE kind WHEN 'mobile' THEN 2 - forbidden
	WHEN 'landline' THEN 1 ELSE 0 END DESC, coalesce(e164, ''), namn, enhet, coalesce((SELECT code FROM tongue WHERE word = fold(språk)), 'sv'))
	AS best FROM row WHERE line NOT IN (SELECT line FROM verdict);
INSERT OR IGNORE INTO verdict SELECT line, 'duplicate' FROM let WHERE best > 1;

-- Of each person's rows that are left, in as many areas, one is used: any. What is to be known of it; a no to SMS on any
-- row is a no.
CREATE TEMP TABLE usable AS SELECT *, (SELECT max(forbidden) FROM row WHERE person = mine.person AND problem IS NULL) AS no_sms,
	EXISTS (SELECT 1 FROM row WHERE e164 = mine.e164 AND person <> mine.person AND person <> '' AND problem IS NULL
		AND length(CAST(person AS BLOB)) <= 63) AS shared
	FROM let mine WHERE best = 1;
CREATE TEMP TABLE mark (line INTEGER NOT NULL, mark TEXT NOT NULL, PRIMARY KEY (line, mark));
INSERT INTO mark SELECT line, kind FROM usable WHERE kind <> 'mobile';
INSERT INTO mark SELECT line, 'sms-no' FROM usable WHERE no_sms;
INSERT INTO mark SELECT line, 'shared' FROM usable WHERE shared;
INSERT INTO mark SELECT line, 'language' FROM usable WHERE språk <> '' AND fold(språk) NOT IN (SELECT word FROM tongue);
INSERT INTO mark SELECT line, 'person' FROM usable WHERE mistyped;
