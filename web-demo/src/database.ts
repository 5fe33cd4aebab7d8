/** The tables, view and functions of `database/`, as supabase-js wants them described. */

export type Database = {
  public: {
    Tables: {
      profiles: Table<{ id: string; display_name: string }>;
      rooms: Table<{ id: string; name: string; topic: string }>;
      memberships: Table<{ room_id: string; user_id: string; joined_at: string }>;
      messages: {
        Row: { id: string; room_id: string; author_id: string; body: string; created_at: string };
        Insert: { id?: string; room_id: string; author_id?: string; body: string };
        Update: never;
        Relationships: [
          {
            foreignKeyName: "messages_author_id_fkey";
            columns: ["author_id"];
            isOneToOne: false;
            referencedRelation: "profiles";
            referencedColumns: ["id"];
          },
        ];
      };
    };
    Views: {
      room_summaries: {
        Row: {
          id: string;
          name: string;
          topic: string;
          message_count: number;
          last_message_at: string | null;
        };
        Relationships: [];
      };
    };
    Functions: {
      room_activity: {
        Args: { room: string };
        Returns: { author_id: string; author: string; messages: number; last_message_at: string }[];
      };
    };
  };
};

/** A table this page only reads. */
type Table<Row> = { Row: Row; Insert: never; Update: never; Relationships: [] };
