-- Whose word a queued write rests on, to be looked at again when it begins: the token, by its digest (nothing here
-- can be presented), and the organisation that the request was for.
alter table seawall.jobs
  add column token bytea check (octet_length(token) = 32),
  add column organisation text;
