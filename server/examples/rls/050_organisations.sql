-- Organisations that never see each other.
--
-- The restrictive policies are the wall: every row must pass them, whatever permissive policies are added later. The
-- organisation comes from the token's app_metadata, never from the client, and the keys hold folder and document
-- together, so that a row cannot point into another organisation.

create schema if not exists office;
grant usage on schema office to authenticated;

create table if not exists office.folders (
  organisation_id uuid not null default auth.organisation_id(),
  id uuid not null default gen_random_uuid(),
  name text not null check (length(name) between 1 and 200),
  primary key (organisation_id, id)
);

create table if not exists office.documents (
  organisation_id uuid not null default auth.organisation_id(),
  id uuid not null default gen_random_uuid(),
  folder_id uuid not null,
  owner_id uuid not null default auth.uid(),
  title text not null check (length(title) between 1 and 200),
  shared boolean not null default false,
  primary key (organisation_id, id),
  foreign key (organisation_id, folder_id) references office.folders (organisation_id, id) on delete cascade
);
create index if not exists documents_by_folder on office.documents (organisation_id, folder_id);
create index if not exists documents_by_owner on office.documents (owner_id);
create index if not exists documents_shared on office.documents (shared, organisation_id);

alter table office.folders enable row level security;
alter table office.documents enable row level security;

revoke all on office.folders, office.documents from public, anon, authenticated;
grant select, delete on office.folders, office.documents to authenticated;
grant insert (id, name), update (name) on office.folders to authenticated;
grant insert (id, folder_id, title, shared), update (folder_id, title, shared) on office.documents to authenticated;

drop policy if exists folders_of_one_organisation on office.folders;
create policy folders_of_one_organisation on office.folders as restrictive for all to public
  using (organisation_id = (select auth.organisation_id()))
  with check (organisation_id = (select auth.organisation_id()));

drop policy if exists documents_of_one_organisation on office.documents;
create policy documents_of_one_organisation on office.documents as restrictive for all to public
  using (organisation_id = (select auth.organisation_id()))
  with check (organisation_id = (select auth.organisation_id()));

-- Inside the organisation: folders are everybody's, documents their owner's unless they are shared.
drop policy if exists folders_used on office.folders;
create policy folders_used on office.folders for all to authenticated
  using (organisation_id = (select auth.organisation_id()))
  with check (organisation_id = (select auth.organisation_id()));

drop policy if exists documents_read on office.documents;
create policy documents_read on office.documents for select to authenticated
  using (shared or owner_id = (select auth.uid()));

drop policy if exists documents_written on office.documents;
create policy documents_written on office.documents for insert to authenticated
  with check (owner_id = (select auth.uid()));

drop policy if exists documents_changed on office.documents;
create policy documents_changed on office.documents for update to authenticated
  using (owner_id = (select auth.uid()))
  with check (owner_id = (select auth.uid()));

drop policy if exists documents_deleted on office.documents;
create policy documents_deleted on office.documents for delete to authenticated
  using (owner_id = (select auth.uid()));
